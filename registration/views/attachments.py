"""Which pages are there about the files of a person, and how is one opened?"""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core import crypto
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on
from registration.actions import attachments as acts
from registration.actions.sealing import Opener
from registration.enums import AttachmentKind, AttachmentStatus
from registration.forms.attachments import AttachmentForm, WithdrawalForm
from registration.models import Attachment
from registration.views.exceptions import form_page, own_person

_KINDS = {AttachmentStatus.WAITING: "warn", AttachmentStatus.READY: "good", AttachmentStatus.FOUND: "bad"}
_ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg"}


@access.requires(Permission.PERSON_READ)
@require_safe
def attachments(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """The files of a person, newest first, with those that went and why."""
    viewer, person = request.viewer, own_person(request, pk)
    found = Attachment.objects.visible_to(viewer).filter(individual=person)
    page = page_of(found.order_by("-pk"), number=request.GET.get("page"))
    opener = Opener([pk])
    reads.record(viewer=viewer, rows=[person], beside=page.rows, view="attachments", now=timezone.now())
    context = {
        "person": person,
        "page": page,
        "rows": [
            {
                "file": one,
                "title": opener.fact(one, "title"),
                "reason": opener.fact(one, "reason") or one.finding,
                "badge": _KINDS.get(AttachmentStatus(one.status), "neutral"),
                "private": AttachmentKind(one.kind).field_class.label,
                "opens": one.status == AttachmentStatus.READY,
                "goes": AttachmentStatus.WITHDRAWN in one.moves[one.status],
            }
            for one in page.rows
        ],
        "waiting": any(one.status == AttachmentStatus.WAITING for one in page.rows),
        "crumbs": [(_("People"), reverse("people")), (person.number, reverse("individual", args=[pk]))],
    }
    return render(request, "registration/attachments.html", context)


@access.requires(Permission.ATTACHMENT_KEEP)
@require_http_methods(["GET", "POST"])
def attachment_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Add a file."""
    person = own_person(request, pk)
    form = AttachmentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with told_on(form):
            made = acts.add(
                individual=person, kind=given["kind"], title=given["title"], data=given["file"].read(acts.AT_MOST + 1),
                by=request.viewer, now=timezone.now(),
            )  # fmt: skip
            if made.status == AttachmentStatus.WAITING:
                messages.success(
                    request, _("The file is kept. It can be opened once the virus scanner has answered.")
                )
            else:
                messages.success(request, _("The file is kept, sealed with a key of this person."))
            return redirect("attachments", pk)
    return form_page(
        request, form, _("Add a file"), pgettext("verb", "Add"), reverse("attachments", args=[pk]), of=person.number,
        lead=_("Only your agency sees it, whatever agreements show otherwise. Every opening is recorded."),
    )  # fmt: skip


@access.requires(Permission.PERSON_READ)
@require_safe
def attachment(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Give a file to be saved, never to be shown inside a page; that it was opened is recorded. What cannot be opened says why."""
    found, viewer = _own(request, pk), request.viewer
    back = redirect("attachments", found.individual_id)
    if found.status != AttachmentStatus.READY:
        messages.error(
            request, _("This file cannot be opened: %(why)s.") % {"why": found.get_status_display()}
        )
        return back
    try:
        content = acts.opened(found)
    except crypto.Unreadable:
        messages.error(request, _("This file can no longer be read: its key was destroyed."))
        return back
    reads.record(viewer=viewer, rows=[found], view="attachment", now=timezone.now())
    name = f"{found.individual.number}-{found.kind}-{found.pk.hex[-6:]}.{_ENDINGS[found.media_type]}"
    return HttpResponse(
        content,
        content_type=found.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


@access.requires(Permission.ATTACHMENT_KEEP)
@require_http_methods(["GET", "POST"])
def attachment_withdraw(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Destroy the bytes of a file, with a reason."""
    found = _own(request, pk)
    back = reverse("attachments", args=[found.individual_id])
    form = WithdrawalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            acts.withdraw(attachment=found, by=request.viewer, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("The file is withdrawn: its content is destroyed."))
            return redirect(back)
    return form_page(
        request, form, _("Withdraw the file"), _("Withdraw"), back, of=found.individual.number,
        lead=_("Its content is destroyed and cannot be brought back. That it was here, and why it went, stays."),
    )  # fmt: skip


def _own(request: ViewedRequest, pk: uuid.UUID) -> Attachment:
    mine = Attachment.objects.visible_to(request.viewer).select_related("individual")
    found: Attachment = get_object_or_404(mine, pk=pk)
    return found

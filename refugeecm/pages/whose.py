"""Whose view of which person is to be explained, and what does their standing alone say?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.access import ROLES, Viewer
from agencies.access.permissions import CLIENT_PERMISSIONS
from agencies.access.viewer import client, member
from agencies.enums import Channel, Role
from agencies.models import Agency, ApiClient, Membership
from refugeecm.core.templatetags.ui import DATE
from registration.models import Individual

Text = str | Promise
SYSTEM, FILES = "system", "files"


@dataclass(frozen=True)
class Reason:
    """One fact on the way to the verdict: does it allow (good) to see the file, or stop (bad)?"""

    kind: str
    label: Text
    hint: Text = ""
    url: str = ""

    @property
    def status(self) -> Text:
        """Return the word of the badge."""
        return _("Allows") if self.kind == "good" else _("Stops")


class ExplainForm(forms.Form):
    """About whom is asked, and whose view it is."""

    person = forms.CharField(
        label=gettext_lazy("Person's number"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"class": "ltr", "autocomplete": "off", "spellcheck": "false", "size": 18}
        ),
    )
    who = forms.ChoiceField(label=gettext_lazy("Can be seen by"))
    door = forms.ChoiceField(
        label=gettext_lazy("Of a partner agency"),
        required=False,
        choices=[
            *Role.choices,
            (SYSTEM, gettext_lazy("Its system, by the API")),
            (FILES, gettext_lazy("A file that its caseworker takes")),
        ],
        initial=Role.CASEWORKER,
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        colleagues = Membership.objects.filter(agency_id=viewer.agency_id).select_related("user")
        partners = Agency.objects.exclude(pk=viewer.agency_id).order_by("name")
        systems = ApiClient.objects.filter(agency_id=viewer.agency_id).order_by("name", "pk")
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            (
                _("Colleagues"),
                [
                    (f"member:{one.pk}", f"{one.user.name} · {one.get_role_display()}")
                    for one in colleagues.order_by("user__name")
                ],
            ),
            (_("Partner agencies"), [(f"agency:{one.pk}", one.name) for one in partners]),
            (_("Own systems"), [(f"client:{one.pk}", one.name) for one in systems]),
        ]

    def clean_person(self) -> Individual:
        """Return the person of the viewer's agency with this number, whom the viewer may know of."""
        number = "".join(self.cleaned_data["person"].split()).upper()
        own = Individual.objects.visible_to(self.viewer).filter(agency_id=self.viewer.agency_id)
        found: Individual | None = own.select_related("event").filter(number=number).first()
        if found is None:
            raise forms.ValidationError(_("No person of your agency has this number. Check it."))
        return found

    def subject(self) -> tuple[Viewer, str, list[Reason]]:
        """Return, of a valid form, whose view is asked for, their name, and what their standing says already."""
        kind, _sep, key = self.cleaned_data["who"].partition(":")
        if kind == "member":
            return _colleague(Membership.objects.select_related("agency", "user").get(pk=key))
        if kind == "client":
            return _system(
                ApiClient.objects.select_related("agency").get(pk=key, agency_id=self.viewer.agency_id)
            )
        return _partner(Agency.objects.get(pk=key), self.cleaned_data["door"] or Role.CASEWORKER)


def _colleague(one: Membership) -> tuple[Viewer, str, list[Reason]]:
    viewer, reasons = member(one), []
    if not Membership.objects.in_force().filter(pk=one.pk).exists():
        viewer = replace(viewer, permissions=frozenset())
        why: Text = _("The account is closed.")
        if not one.is_active:
            why = one.get_closed_for_display() or why
        elif one.expires_on and one.expires_on < timezone.localdate():
            why = _("It ended on %(day)s.") % {"day": date_format(one.expires_on, DATE)}
        reasons.append(Reason("bad", _("The membership is not in force"), why))
    return viewer, one.user.name, reasons


def _system(one: ApiClient) -> tuple[Viewer, str, list[Reason]]:
    closed = [] if one.is_active else [Reason("bad", _("The access of this system was revoked"))]
    return client(one), one.name, closed


def _partner(agency: Agency, door: str) -> tuple[Viewer, str, list[Reason]]:
    """Return the view of anybody of an agency who comes by a door: a role at the pages, a system, or a file."""
    if door == SYSTEM:
        viewer = Viewer(agency=agency, permissions=CLIENT_PERMISSIONS, channel=Channel.API)
    elif door == FILES:
        viewer = Viewer(
            agency=agency, permissions=ROLES[Role.CASEWORKER], channel=Channel.EXPORT, role=Role.CASEWORKER
        )
    else:
        viewer = Viewer(agency=agency, permissions=ROLES[door], role=door)
    return viewer, agency.name, []

"""What does somebody fill in to issue papers, to say what became of one, and to find them?"""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from agencies.access import Viewer
from agencies.forms.fields import Day, narrowed_by, words
from refugeecm.core.templatetags.ui import fmt_date
from registration.actions.issued import kinds_for
from registration.enums import DECIDED, ISSUED_MOVES, PREPARED, IssuedKind, IssuedStatus
from registration.models import IssuedDocument
from registration.rules.issued import KINDS, usual_end

RENEWAL = (60, 30, 7)  # days before the end at which a paper is to be renewed (law-and-practice.md 1.10)
_BY_OTHERS = (IssuedStatus.PRINTED, IssuedStatus.ISSUED, IssuedStatus.RENEWED, IssuedStatus.EXPIRED)


class IssueForm(forms.Form):
    """Which paper, until when, in which language."""

    kind = forms.ChoiceField(label=_("Document"))
    until = forms.DateField(
        label=_("Valid until"),
        required=False,
        widget=Day(),
        help_text=_("Left empty, as long as is usual for the type."),
    )
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, viewer: Viewer, today: date, group: bool | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._today = today
        kinds = [(one.value, one.label) for one in kinds_for(viewer, group=group)]
        self.fields["kind"].choices = [("", _("Choose")), *kinds]  # type: ignore[attr-defined]
        languages = [("", _("That of the holder")), *settings.LANGUAGES]
        self.fields["language"].choices = languages  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Fill in the usual end."""
        given = self.cleaned_data
        if given.get("kind") and "until" in given:
            given["until"] = given["until"] or usual_end(given["kind"], dated=self._today)
        return given

    def answers(self) -> list[tuple[Any, Any]]:
        """Return what was filled in, in words, to be checked."""
        given = self.cleaned_data
        languages = dict(self.fields["language"].choices)  # type: ignore[attr-defined]
        return [
            (_("Document"), IssuedKind(given["kind"]).label),
            (_("Valid until"), fmt_date(given["until"]) if given["until"] else _("without an end")),
            (_("Language"), languages[given["language"]]),
        ]


class BatchForm(IssueForm):
    """For whom papers are printed together."""

    WHICH = (
        ("missing", _("Who has none")),
        *((str(one), _("Whose runs out within %(days)s days") % {"days": one}) for one in RENEWAL),
    )

    which = forms.ChoiceField(label=_("For whom"), choices=WHICH)
    site = words(_("Registration site"), 80, rows=0, required=False, help_text=_("Left empty, all sites."))
    field_order = ("kind", "which", "site", "until", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, group=None, **kwargs)
        printed = [one for one in self.fields["kind"].choices if not one[0] or KINDS[one[0]].design]  # type: ignore[attr-defined]
        self.fields["kind"].choices = printed  # type: ignore[attr-defined]


class ChangeForm(forms.Form):
    """What became of a paper."""

    to = forms.ChoiceField(label=_("What happened?"), widget=forms.RadioSelect)
    reason = words(
        _("Reason"),
        300,
        required=False,
        help_text=_("Needed where it is withdrawn, confiscated or declared invalid."),
    )

    def __init__(self, *args: Any, document: IssuedDocument, decides: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = ISSUED_MOVES[document.status] - set(_BY_OTHERS)
        if document.status in PREPARED:
            allowed -= {IssuedStatus.WITHDRAWN}
        elif not decides:
            allowed -= set(DECIDED)
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            (one.value, one.label) for one in IssuedStatus if one in allowed
        ]


class IssuedFilter(forms.Form):
    """Which papers of the agency."""

    q = forms.CharField(label=_("Number of the document or blank"), required=False, max_length=40)
    kind = narrowed_by(_("Document"), _("All types"), IssuedKind.choices)
    status = narrowed_by(_("Status"), _("Any status"), IssuedStatus.choices)

"""What is filled in about a child without its parents?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.access import Viewer
from agencies.forms.fields import Day, narrowed_by, words
from agencies.models import Membership
from registration.enums import (
    OUTCOMES,
    WHATS,
    GuardianRole,
    ProtectionKind,
    ProtectionOutcome,
    ProtectionWhat,
    SafeguardEnd,
    SafeguardKind,
)
from registration.models import Representative

MISSING = {
    "provisional": _("No provisional person"),
    "representative": _("No representative"),
    "assessment": _("No assessment"),
    "care": _("No care arrangement"),
    "overdue": _("A deadline has passed"),
    "review": _("A review is due"),
    "ended": _("Ended"),
}


class ChildrenFilter(forms.Form):
    """Narrows the list of children."""

    missing = narrowed_by(_("Show"), _("All whose safeguards run"), MISSING.items())


class BeginForm(forms.Form):
    """The beginning of safeguards by hand."""

    kind = forms.ChoiceField(label=_("Kind"), choices=SafeguardKind.choices)
    made_on = forms.DateField(
        label=_("Application made on"), widget=Day(), help_text=_("The deadlines are counted from this day.")
    )


class MadeOnForm(forms.Form):
    """Another day of the application."""

    made_on = forms.DateField(label=_("Application made on"), widget=Day())
    reason = words(_("Reason"), 300, rows=0)


class ReasonForm(forms.Form):
    """Why."""

    reason = words(_("Reason"), 300, rows=2)


class EndForm(forms.Form):
    """Why safeguards end."""

    reason = forms.ChoiceField(label=_("Ended because"), choices=SafeguardEnd.choices)


class RepresentativeForm(forms.Form):
    """Somebody who may act for children."""

    name = words(_("Name"), 150, rows=0)
    organisation = words(_("Organisation"), 150, rows=0, required=False)
    user = forms.ModelChoiceField(
        Membership.objects.none(),
        label=_("Member of your agency"),
        required=False,
        empty_label=_("Nobody of ours"),
    )
    checked_on = forms.DateField(label=_("Criminal record checked on"), widget=Day())

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ours = (
            Membership.objects.in_force()
            .filter(agency_id=viewer.agency_id)
            .select_related("user")
            .order_by("pk")
        )
        field: Any = self.fields["user"]
        field.queryset = ours
        field.label_from_instance = lambda one: one.user.name


class GuardianForm(forms.Form):
    """Who acts for a child."""

    role = forms.ChoiceField(label=_("Role"), choices=GuardianRole.choices)
    representative = forms.ModelChoiceField(
        Representative.objects.none(), label=_("Who"), empty_label=_("Choose")
    )
    since = forms.DateField(label=_("Since"), widget=Day())
    no_conflict = forms.BooleanField(
        label=_("They declare that they have no conflict of interest with the child"),
        required=False,
        help_text=_(
            "They are no relative against whom something speaks, and nobody who profits from the child."
        ),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["representative"]
        field.queryset = (
            Representative.objects.visible_to(viewer).filter(ended_on=None).order_by("name", "pk")
        )


class StepForm(forms.Form):
    """An assessment, a determination or a care arrangement; its choices go with the kind."""

    what = forms.ChoiceField(label=_("What for"))
    outcome = forms.ChoiceField(label=_("Outcome"))
    on = forms.DateField(label=_("On"), widget=Day())
    review_by = forms.DateField(label=_("Review by"), required=False, widget=Day())
    involved = words(_("Who assessed it"), 300, rows=0, required=False)
    text = words(
        _("Reasons"), 4000, rows=6, required=False, help_text=_("Stored encrypted, and opened by few.")
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        what: Any = self.fields["what"]
        outcome: Any = self.fields["outcome"]
        what.choices = [("", _("Choose")), *((one, ProtectionWhat(one).label) for one in WHATS[kind])]
        outcome.choices = [
            ("", _("Choose")),
            *((one, ProtectionOutcome(one).label) for one in OUTCOMES[kind]),
        ]
        if kind == ProtectionKind.CARE:
            del self.fields["outcome"]
            what.label, self.fields["on"].label = _("Kind"), _("Since")
            self.fields["involved"].label = _("Carer")
            self.fields["text"].label = _("Where, and what was agreed")
        if kind == ProtectionKind.BID:
            self.fields["involved"].label = _("Panel")
        if kind == ProtectionKind.AGE:
            what.label = _("Method")
            del self.fields["review_by"]


class FollowUpForm(forms.Form):
    """A visit or a review."""

    visited_on = forms.DateField(label=_("Visited or reviewed on"), widget=Day())
    review_by = forms.DateField(label=_("Review by"), required=False, widget=Day())
    over = forms.BooleanField(label=_("It is over"), required=False)

"""What is written into the registers?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import LawRequestStatus
from agencies.forms.fields import words

NO_NAMES = gettext_lazy("Name no person; give the number of the file.")


def not_ahead(moment: datetime) -> None:
    """Refuse what has not happened yet."""
    if moment > timezone.now():
        raise ValidationError(_("This lies in the future. Give the time at which it happened."))


def _moment(label: Any, *, past: bool = True, **kwargs: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        validators=[not_ahead] if past else [],
        **kwargs,
    )


class BreachForm(forms.Form):
    """A breach as it is noticed."""

    noticed_at = _moment(gettext_lazy("Noticed"), help_text=gettext_lazy("From here the 72 hours run."))
    what = words(gettext_lazy("What happened"), 2000, help_text=NO_NAMES)
    whose = words(
        gettext_lazy("Whose data"),
        500,
        rows=0,
        help_text=gettext_lazy("For example: families of the event east-2026, names and telephones."),
    )
    people = forms.IntegerField(
        label=gettext_lazy("People affected, about"), required=False, min_value=0, max_value=100_000_000
    )


class BreachWork(forms.Form):
    """What was done about it, and who was told when."""

    measures = words(gettext_lazy("Measures"), 2000, required=False, help_text=NO_NAMES)
    authority_told_at = _moment(gettext_lazy("Authority told"), required=False)
    not_told_because = words(
        gettext_lazy("Why late, or why not told"),
        500,
        rows=0,
        required=False,
        help_text=gettext_lazy("Needed after 72 hours, or when people are not likely to be at risk."),
    )
    people_told_at = _moment(gettext_lazy("People told"), required=False)


class LawRequestForm(forms.Form):
    """A request as it arrives."""

    received_at = _moment(gettext_lazy("Received at"))
    asked_by = words(
        gettext_lazy("Who asks"),
        200,
        rows=0,
        help_text=gettext_lazy("The authority or court, and its reference."),
    )
    legal_basis = words(gettext_lazy("Legal basis"), 500, rows=0, help_text=gettext_lazy("As they state it."))
    asked_for = words(gettext_lazy("What is asked for"), 2000, help_text=NO_NAMES)
    answer_by = _moment(
        gettext_lazy("Answer by"),
        past=False,
        help_text=gettext_lazy("As they say; if they do not, set a time yourself."),
    )


class ReferForm(forms.Form):
    """To whom it goes."""

    to_whom = words(
        gettext_lazy("Focal point"),
        200,
        rows=0,
        help_text=gettext_lazy("Who of protection or legal affairs takes it."),
    )


class DecideForm(forms.Form):
    """What comes of it."""

    to = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[(one.value, one.label) for one in (LawRequestStatus.ANSWERED, LawRequestStatus.REFUSED)],
        widget=forms.RadioSelect,
    )
    answer = words(gettext_lazy("What was given, or why not"), 2000, help_text=NO_NAMES)

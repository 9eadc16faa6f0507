"""What does somebody fill in to plan a verification exercise, and at its desk?"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import Day, narrowed_by, words
from registration.enums import CAME, SAID, LegalStatus, VerificationResult
from registration.forms.movements import NumbersField
from registration.forms.people import Words
from registration.models import Individual, InfluxEvent


class ExerciseForm(forms.Form):
    """Whom an exercise is about, when, and how many can come on a day."""

    name = words(_("Name"), 120, rows=0)
    event = forms.ModelChoiceField(
        InfluxEvent.objects.order_by("-created_at"),
        label=_("Event"),
        required=False,
        empty_label=_("All events"),
    )
    site = Words(_("Site"), 80, help_text=_("As in the files of its people. Left empty, it is every site."))
    legal_status = narrowed_by(_("Legal status"), _("Any"), LegalStatus.choices)
    starts_on = forms.DateField(label=_("First day"), widget=Day())
    ends_on = forms.DateField(label=_("Last day"), widget=Day())
    capacity = forms.IntegerField(label=_("People a day at each site"), min_value=1, max_value=100_000)
    notice_days = forms.IntegerField(
        label=_("Days of notice"),
        min_value=1,
        max_value=365,
        initial=30,
        help_text=_("Whoever did not come has so many days before their record can become inactive."),
    )


class ResultsForm(forms.Form):
    """What was found of each member of a family; “not yet” leaves somebody open."""

    def __init__(
        self, *args: Any, people: Sequence[Individual], known: Mapping[uuid.UUID, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        choices = [("open", _("Not yet")), *((one, one.label) for one in SAID)]
        for one in people:
            was = known.get(one.pk, "")
            stands = was if was in SAID else VerificationResult.PRESENT
            self.fields[str(one.pk)] = forms.ChoiceField(
                label=f"{one.full_name} · {one.number}", choices=choices, initial=stands
            )

    def results(self) -> dict[uuid.UUID, str]:
        """Return {person: result}."""
        return {one.pk: said for one in self.people if (said := self.cleaned_data[str(one.pk)]) != "open"}


class ManyForm(forms.Form):
    """One result for a list of numbers."""

    result = forms.ChoiceField(label=_("Result"), choices=[(one, one.label) for one in CAME])
    numbers = NumbersField(
        _("Numbers"), help_text=_("One after the other, each on a line or with spaces between.")
    )


class TargetFilter(forms.Form):
    """Narrows the list of an exercise."""

    result = narrowed_by(_("Result"), _("All"), [("open", _("Not yet")), *VerificationResult.choices])
    day = forms.DateField(label=_("Appointment"), required=False, widget=Day())
    site = Words(_("Site"), 80)

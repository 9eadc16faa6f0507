"""What does somebody fill in about protection elsewhere, a rescue at sea, and signs of trafficking?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import narrowed_by, words
from registration.enums import Evidence, OnwardReason, PriorStatus, Sex
from registration.forms.groups import BANDS
from registration.forms.movements import NumbersField
from registration.forms.people import Words, countries
from registration.models import InfluxEvent, SeaIncident
from registration.rules.indicators import INDICATORS

SEXES = (Sex.FEMALE, Sex.MALE, Sex.UNKNOWN)


class ElsewhereForm(forms.Form):
    """Protection in another country before."""

    country = forms.ChoiceField(label=_("Country"))
    held = forms.ChoiceField(label=_("Status there"), choices=PriorStatus.choices)
    number = Words(_("Number there"), 60, help_text=_("It is stored encrypted."))
    evidence = forms.ChoiceField(label=_("Known by"), choices=Evidence.choices)
    reason = narrowed_by(_("Why they went on"), _("Not said"), OnwardReason.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", _("Choose")), *countries()]  # type: ignore[attr-defined]


class Moment(forms.DateTimeField):
    """A day and an hour, picked or typed, in the time of this installation."""

    def __init__(self, label: Any, **given: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(label=label, widget=widget, **given)


def _how_many(label: Any) -> forms.IntegerField:
    box = forms.TextInput(attrs={"class": "ltr short", "inputmode": "numeric", "size": 5})
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=50_000, widget=box)


def _place(label: Any, largest: int) -> forms.DecimalField:
    box = forms.TextInput(attrs={"class": "ltr short", "inputmode": "decimal", "size": 9})
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=-largest,
        max_value=largest,
        decimal_places=4,
        max_digits=7,
        widget=box,
    )


class IncidentForm(forms.Form):
    """A rescue at sea: law-and-practice.md 5.5."""

    reference = words(
        _("Reference"), 60, rows=0, help_text=_("As the rescue coordination centre gave it, or your own.")
    )
    happened_at = Moment(_("Rescued at"))
    latitude = _place(_("Latitude"), 90)
    longitude = _place(_("Longitude"), 180)
    vessel = Words(_("Vessel"), 120)
    flag = forms.ChoiceField(label=_("Flag state"), required=False)
    mrcc = Words(_("Rescue coordination centre"), 80)
    medical = _how_many(_("In need of medical care"))
    dead = _how_many(_("Dead"))
    missing = _how_many(_("Missing"))
    safety_requested_at = Moment(_("Place of safety requested at"), required=False)
    safety_requested_of = Words(_("Requested of"), 120)
    safety_assigned_at = Moment(_("Place of safety assigned at"), required=False)
    safety_assigned = Words(_("Place of safety"), 120)
    port = Words(_("Port of disembarkation"), 120)
    country = forms.ChoiceField(label=_("Country of disembarkation"), required=False)
    disembarked_at = Moment(_("Disembarked at"), required=False)
    event = forms.ModelChoiceField(
        InfluxEvent.objects.order_by("-created_at"), label=_("Event"), required=False, empty_label=_("None"),
        help_text=_("If all its people came ashore by this rescue."),
    )  # fmt: skip

    def __init__(self, *args: Any, incident: SeaIncident | None = None, **kwargs: Any) -> None:
        if incident is not None:
            kwargs["initial"] = _standing(incident)
        super().__init__(*args, **kwargs)
        for name in ("flag", "country"):
            self.fields[name].choices = [("", "–"), *countries()]  # type: ignore[attr-defined]
        for sex in SEXES:
            for band in BANDS:
                self.fields[f"{sex}_{band}"] = _how_many(f"{sex.label} {band}")

    def table(self) -> list[tuple[str, list[Any]]]:
        """Return the rows of the count of those who are not registered: a band, and the field of each sex."""
        return [(band, [self[f"{sex}_{band}"] for sex in SEXES]) for band in BANDS]

    def plain(self) -> list[Any]:
        """Return the fields besides the count."""
        return [self[name] for name in self.base_fields]

    def facts(self) -> dict[str, Any]:
        """Return the columns of SeaIncident."""
        given: dict[str, Any] = {name: self.cleaned_data[name] for name in self.base_fields}
        given |= {name: given[name] or 0 for name in ("medical", "dead", "missing")}
        counted = {
            str(sex): {band: n for band in BANDS if (n := self.cleaned_data[f"{sex}_{band}"])}
            for sex in SEXES
        }
        return {**given, "counted": {sex: bands for sex, bands in counted.items() if bands}}


def _standing(incident: SeaIncident) -> dict[str, Any]:
    counted: dict[str, dict[str, int]] = incident.counted
    found: dict[str, Any] = {name: getattr(incident, name) for name in IncidentForm.base_fields}
    return found | {f"{sex}_{band}": n for sex, bands in counted.items() for band, n in bands.items()}


class SurvivorsForm(forms.Form):
    """Who of those registered came ashore, by their numbers."""

    numbers = NumbersField(
        _("Numbers"), help_text=_("Of people or groups, each on a line or with spaces between.")
    )


class IndicatorsForm(forms.Form):
    """The checklist of registration.rules.indicators."""

    indicators = forms.MultipleChoiceField(
        label=_("What you saw or were told"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what you saw, from the list.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["indicators"].choices = [(one.code, gettext(one.text)) for one in INDICATORS]  # type: ignore[attr-defined]


class RemovalForm(forms.Form):
    """Why an assessment is removed."""

    reason = words(_("Reason"), 500, help_text=_("It is stored encrypted."))

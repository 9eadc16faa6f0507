"""What does somebody fill in about where people go, and about who is at a site?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import Day, words
from registration.enums import MovementKind
from registration.forms.people import Words, countries
from registration.models import Individual
from registration.rules.numbers import numbers_in

MOST = 500  # numbers in one list: what a desk pastes; a request stays within seconds


class MovementForm(forms.Form):
    """What members of a group did, on which day, and where they are from then on."""

    kind = forms.ChoiceField(label=_("What happened"), choices=[("", _("Choose")), *MovementKind.choices])
    members = forms.MultipleChoiceField(
        label=_("Who"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one person.")},
    )
    on = forms.DateField(label=_("Day"), widget=Day())
    site = Words(
        _("Site"), 80, help_text=_("Where they are from then on, after an arrival, a return or a move.")
    )
    country = forms.ChoiceField(
        label=_("Towards country"), required=False, help_text=_("Where they went, if they said so.")
    )

    def __init__(self, *args: Any, people: Sequence[Individual], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        self.fields["on"].initial = today
        self.fields["members"].choices = [(str(one.pk), one.full_name) for one in people]  # type: ignore[attr-defined]
        self.fields["country"].choices = [("", "–"), *countries()]  # type: ignore[attr-defined]

    def facts(self) -> dict[str, Any]:
        """Return the arguments of movements.record."""
        chosen = set(self.cleaned_data["members"])
        given = {name: self.cleaned_data[name] for name in ("kind", "on", "site", "country")}
        return {**given, "people": [one for one in self.people if str(one.pk) in chosen]}


class NumbersField(forms.CharField):
    """Numbers of cards or slips, in any order, with spaces, commas or lines between."""

    def __init__(self, label: Any, **given: Any) -> None:
        widget = forms.Textarea(
            attrs={"rows": 6, "class": "ltr", "autocomplete": "off", "spellcheck": "false"}
        )
        super().__init__(label=label, max_length=20_000, widget=widget, **given)

    def clean(self, value: Any) -> Any:
        """Return the numbers, each once."""
        found = numbers_in(super().clean(value))
        if len(found) > MOST:
            raise forms.ValidationError(
                _("These are more than %(most)s numbers. Send them in parts.") % {"most": MOST}
            )
        return found


class GateForm(forms.Form):
    """One number at a gate, and whether they come or leave."""

    number = forms.CharField(
        label=_("Number"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"class": "ltr", "autofocus": True, "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text=_("Of a person or of a group: type or scan it, then Enter."),
    )
    leaving = forms.BooleanField(label=_("They leave"), required=False)


class PresentForm(forms.Form):
    """A list of numbers of people who were there."""

    numbers = NumbersField(
        _("Numbers"), help_text=_("One after the other, each on a line or with spaces between.")
    )


class SiteForm(forms.Form):
    """The site at which this gate stands."""

    site = words(_("Site"), 80, rows=0)

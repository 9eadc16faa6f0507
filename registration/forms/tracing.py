"""What is filled in to trace a relative?"""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import Day, narrowed_by, words
from registration.enums import Relationship, Sex, TracingStatus
from registration.forms.people import Words, countries
from registration.rules.arrivals import read_birth
from registration.rules.findings import MESSAGES

_NOT_SOUGHT = {Relationship.PA, Relationship.HR1, Relationship.HR2, Relationship.UNKNOWN}


class TracingFilter(forms.Form):
    """Narrows the list of requests."""

    status = narrowed_by(
        _("Show"), _("Those that are searched"), [*TracingStatus.choices[1:], ("all", _("Everything"))]
    )


class TracingForm(forms.Form):
    """Who is sought, and the seeker's consent."""

    relationship = forms.ChoiceField(
        label=_("Who is sought"),
        choices=[("", _("Choose")), *(one for one in Relationship.choices if one[0] not in _NOT_SOUGHT)],
    )
    given_name = Words(_("Given name"))
    father_name = Words(_("Father's name"))
    family_name = Words(_("Family name"))
    native_name = Words(_("Name in their own script"), 400)
    mother_name = Words(_("Mother's name"))
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, initial=Sex.UNKNOWN)
    born = forms.CharField(
        label=_("Date of birth, year or age"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"class": "ltr short", "autocomplete": "off"}),
    )
    birth_place = Words(_("Place of birth"))
    nationality = forms.ChoiceField(label=_("Nationality"), required=False)
    last_seen = words(
        _("When and where last seen"),
        1000,
        required=False,
        help_text=_("It is sealed with the person's key."),
    )
    consent_on = forms.DateField(
        label=_("Consent to tracing given on"),
        widget=Day(),
        help_text=_(
            "That others are asked for the relative, by the person's name. It can be withdrawn at any time."
        ),
    )
    consent_language = forms.CharField(label=_("Language it was explained in"), max_length=40)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        nationality: Any = self.fields["nationality"]
        nationality.choices = [("", "–"), *countries()]

    def clean(self) -> dict[str, Any]:
        """A date of birth that can be one."""
        given = super().clean() or {}
        found, errors = read_birth(given.pop("born", ""), estimated=False, today=self.today)
        for one in errors:
            self.add_error("born", gettext(MESSAGES[one.code]) % {"value": one.value})
        given["birth_date"], given["birth_precision"] = found[:2]
        return given

    def sought(self) -> dict[str, Any]:
        """Return what was filled in about the one who is sought, as columns of a request."""
        apart = {"relationship", "last_seen", "consent_on", "consent_language"}
        return {name: value for name, value in self.cleaned_data.items() if name not in apart}


class AgreesForm(forms.Form):
    """What the one who was found says."""

    agrees = forms.ChoiceField(
        label=_("What does the person say?"),
        choices=[("yes", _("Agrees to contact")), ("no", _("Wants no contact"))],
        widget=forms.RadioSelect,
        help_text=_("A no is never told: the person who looks only learns that nobody was found so far."),
    )

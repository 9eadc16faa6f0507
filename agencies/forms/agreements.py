"""What do people fill in for an agreement and for its end?"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.validators import validate_slug
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.access import Viewer
from agencies.enums import AgreementStatus, Channel, LegalBasis, Purpose
from agencies.forms.fields import Day, country_choices
from agencies.models import Agency
from refugeecm.core.classes import FieldClass

# What a recipient sees by each class, in plain words; the fields themselves are declared beside each model.
CLASS_WORDS: dict[str, tuple[Any, Any]] = {
    FieldClass.C1: (
        gettext_lazy("Reference and status"),
        gettext_lazy("our numbers, legal status, status and outcome of claims, days of registration"),
    ),
    FieldClass.C2: (
        gettext_lazy("Identity"),
        gettext_lazy("names, sex, date and place of birth, nationality, family relationship, day of arrival"),
    ),
    FieldClass.C3: (
        gettext_lazy("Contact, location, documents"),
        gettext_lazy("telephone, registration site, kind and number of documents"),
    ),
    FieldClass.C4: (
        gettext_lazy("Protection"),
        gettext_lazy("what people tell in confidence, medical needs, violence, proposed decisions"),
    ),
}


def class_words(code: str) -> str:
    """Return "Identity: names, sex, …" for a class of fields."""
    name, contents = CLASS_WORDS[code]
    return _("%(name)s: %(contents)s") % {"name": name, "contents": contents}


class AgreementForm(forms.Form):
    """Proposes an agreement: who receives, why, whose data, which classes, by which door, from when until when."""

    recipient = forms.ModelChoiceField(Agency.objects.none(), label=gettext_lazy("Recipient"))
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=200,
        help_text=gettext_lazy("How both sides will recognise it in lists."),
    )
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), choices=Purpose.choices)
    legal_basis = forms.ChoiceField(label=gettext_lazy("Legal basis"), choices=LegalBasis.choices)
    event_slug = forms.CharField(
        label=gettext_lazy("Influx event"),
        max_length=60,
        required=False,
        validators=[validate_slug],
        help_text=gettext_lazy("Its short name, for example east-2026."),
        widget=forms.TextInput(attrs={"class": "ltr short", "spellcheck": "false", "autocomplete": "off"}),
    )
    site = forms.CharField(
        label=gettext_lazy("Registration site"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Exactly as it is written in people's files."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    origin = forms.ChoiceField(
        label=gettext_lazy("Country of origin"), choices=country_choices, required=False
    )
    classes = forms.MultipleChoiceField(
        label=gettext_lazy("What is shown"), widget=forms.CheckboxSelectMultiple, initial=[FieldClass.C1]
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("How"),
        choices=Channel.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Channel.PAGES],
    )
    starts_on = forms.DateField(label=gettext_lazy("From"), widget=Day())
    ends_on = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=Day(),
        help_text=gettext_lazy(
            "The last day on which anything is shown. It can be ended earlier, at once, by either side."
        ),
    )

    said: ClassVar[dict[str, Any]] = {
        "recipient": gettext_lazy("Choose who receives."),
        "title": gettext_lazy("Give it a title."),
        "purpose": gettext_lazy("Choose the purpose."),
        "legal_basis": gettext_lazy("Choose the legal basis."),
        "classes": gettext_lazy("Choose at least one; without it nothing is shown."),
        "channels": gettext_lazy("Choose at least one way."),
        "starts_on": gettext_lazy("Give the first day."),
    }

    def __init__(self, *args: Any, by: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in self.said.items():
            self.fields[name].error_messages["required"] = words
        recipients = self.fields["recipient"]
        assert isinstance(recipients, forms.ModelChoiceField)  # noqa: S101 - tells the type checker
        recipients.empty_label = _("Choose an agency")
        recipients.queryset = Agency.objects.exclude(pk=by.agency_id).order_by("name")
        classes = self.fields["classes"]
        assert isinstance(classes, forms.MultipleChoiceField)  # noqa: S101 - tells the type checker
        classes.choices = [(code, class_words(code)) for code in CLASS_WORDS]

    def clean(self) -> dict[str, Any]:
        """Ask for a population, and for an end that is not before the start."""
        given = super().clean() or {}
        if not self.errors and not any(given.get(name) for name in ("event_slug", "site", "origin")):
            self.add_error(
                "event_slug",
                _("Say whose data it is: give an influx event, a registration site or a country of origin."),
            )
        starts_on, ends_on = given.get("starts_on"), given.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", _("The last day lies before the first. Correct one of them."))
        return given


class AgreementFilter(forms.Form):
    """Narrows the list of agreements."""

    side = forms.ChoiceField(
        label=gettext_lazy("Direction"),
        required=False,
        choices=[
            ("", gettext_lazy("Both")),
            ("given", gettext_lazy("We share")),
            ("received", gettext_lazy("We receive")),
        ],
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[("", gettext_lazy("Any status")), *AgreementStatus.choices],
    )


class EndForm(forms.Form):
    """Ends an agreement."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("The other agency reads it. Name no person."),
    )

"""What does a clerk fill in at a desk: where it stands, a family, a number for those who wait, a day to come again?"""

from __future__ import annotations

from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import Day, country_choices
from registration.enums import DocumentKind, Level, Sex
from registration.models import InfluxEvent
from registration.rules import family
from registration.rules.needs import AT_THE_DESK, NEEDS


def _typed(label: Any, *, length: int = 200, **attrs: Any) -> forms.CharField:
    """Return a box for what somebody says of themselves: a browser neither corrects it nor offers other people's."""
    given = {"autocomplete": "off", "spellcheck": "false", "dir": "auto", **attrs}
    return forms.CharField(
        label=label, max_length=length, required=False, widget=forms.TextInput(attrs=given)
    )


def language_choices() -> list[tuple[str, str]]:
    """Return [("", "Choose"), (ISO 639-3, name in the current language), …], sorted by name; names from CLDR."""
    names = Locale.parse(get_language() or "en", sep="-").languages
    found = sorted(
        ((code, names.get(known, code)) for code, known in family.SPOKEN.items()), key=lambda one: one[1]
    )
    return [("", gettext("Choose")), *found]


class DeskForm(forms.Form):
    """Where a desk stands today: what need not be typed again for every family."""

    event = forms.ModelChoiceField(
        InfluxEvent.objects.offered(),
        label=_("Event"),
        empty_label=_("Choose"),
    )
    site = forms.CharField(
        label=_("Registration site"), max_length=80, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    level = forms.ChoiceField(
        label=_("Level of registration"), choices=[one for one in Level.choices if one[0] != Level.GROUP]
    )
    day = forms.DateField(
        label=_("Registration day"),
        required=False,
        widget=Day(),
        help_text=_(
            "Leave it empty for today. For families that were written down on paper earlier, give that day."
        ),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=language_choices,
        help_text=_("That most people here speak."),
    )


class TokenForm(forms.Form):
    """Who gets a number."""

    people = forms.IntegerField(
        label=_("People"),
        min_value=1,
        widget=forms.NumberInput(attrs={"class": "short", "min": 1, "autocomplete": "off"}),
    )
    priority = forms.BooleanField(
        label=_("Before the others"),
        required=False,
        help_text=_("Ill or old people, pregnant women, small children, children alone."),
    )


class AppointmentForm(forms.Form):
    """When and where a registered family shall come again."""

    day = forms.DateField(label=_("Day"), widget=Day())
    place = forms.CharField(label=_("Place"), max_length=80, widget=forms.TextInput(attrs={"dir": "auto"}))


class FamilyForm(forms.Form):
    """The line of the household."""

    country = forms.ChoiceField(label=_("Country of origin"), required=False)
    phone = _typed(_("Telephone"), length=80, inputmode="tel", dir="ltr")
    arrival_date = _typed(_("Arrived on"), dir="ltr")
    language = forms.ChoiceField(label=_("Language"), required=False, choices=language_choices)
    consent = forms.BooleanField(label=_("They were told, and agree"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country = self.fields["country"]
        country.choices = [("", gettext("Choose")), *country_choices()[1:]]  # type: ignore[attr-defined]


class FamilyMemberForm(forms.Form):
    """One person of a family at the desk."""

    given_name = _typed(_("Given name"))
    father_name = _typed(_("Father's name"))
    family_name = _typed(_("Family name"))
    sex = forms.ChoiceField(label=_("Sex"), required=False, choices=[("", "–"), *Sex.choices])
    date_of_birth = _typed(_("Age, year or date of birth"), dir="ltr")
    relationship_to_head = forms.ChoiceField(label=_("Relationship"), required=False)
    nationality = _typed(_("Nationality"))
    document_type = forms.ChoiceField(
        label=_("Document"), required=False, choices=[("", "–"), *DocumentKind.choices]
    )
    document_number = _typed(_("Document number"), dir="ltr")

    def __init__(self, *args: Any, led: bool = False, **kwargs: Any) -> None:
        """`led`: somebody else leads the group already, so that the first of the form has a relationship as well."""
        super().__init__(*args, **kwargs)
        if self.prefix == "0" and not led:
            del self.fields["relationship_to_head"]
        else:
            known = [(one, RELATIONSHIPS[one]) for one in family.RELATIONSHIPS]
            self.fields["relationship_to_head"].choices = [("", "–"), *known]  # type: ignore[attr-defined]

    def needs(self) -> list[tuple[str, str, bool]]:
        """Return (code, label, ticked) of the specific needs that a clerk may note beside this person."""
        given = family.ticked(self.data, int(self.prefix or 0)) if self.is_bound else []
        return [(code, gettext(NEEDS[code]), code in given) for code in AT_THE_DESK]


# What rules.family.RELATIONSHIPS are called on screen.
RELATIONSHIPS = {
    "spouse": _("Spouse"),
    "child": _("Child"),
    "parent": _("Parent"),
    "sibling": _("Sibling"),
    "grandchild": _("Grandchild"),
    "grandparent": _("Grandparent"),
    "stepchild": _("Stepchild"),
    "foster child": _("Foster child"),
    "parent in law": _("Parent-in-law"),
    "brother in law": _("Brother-in-law"),
    "sister in law": _("Sister-in-law"),
    "son in law": _("Son-in-law"),
    "daughter in law": _("Daughter-in-law"),
    "uncle": _("Uncle"),
    "aunt": _("Aunt"),
    "nephew niece": _("Nephew or niece"),
    "cousin": _("Cousin"),
    "other relative": _("Other relative"),
    "not related": _("Not related"),
    "unknown": _("Not known"),
}

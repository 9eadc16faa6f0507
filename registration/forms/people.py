"""What does somebody fill in about one person: everything on one page, or one more fact?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from refugeecm.core.templatetags.ui import country
from registration.enums import (
    BiometricResult,
    CorrectionReason,
    DocumentKind,
    Education,
    Level,
    MaritalStatus,
    NameKind,
    NationalityStatus,
    Relationship,
    Religion,
    Sex,
)
from registration.models import AdminArea, Individual
from registration.rules.arrivals import clean, read_birth
from registration.rules.countries import codes, iso3
from registration.rules.findings import MESSAGES
from registration.rules.languages import language_of
from registration.rules.levels import above, asks

SEVERAL = (NameKind.ALIAS, NameKind.SPELLING)  # kinds of names of which a person may have several


@cache
def _countries(_language: str) -> list[tuple[str, str]]:
    return sorted(((code, country(code)) for code in codes()), key=lambda one: one[1])


def countries() -> list[tuple[str, str]]:
    """Return codes and names of countries, by name, in the language that is active now."""
    return _countries(get_language() or "")


def read_country(text: str) -> str | None:
    """Return the country that a code (ISO 3166 alpha-3) or a name in the current language means."""
    wanted = text.strip()
    by_name = {name.casefold(): code for code, name in countries()}
    return iso3(wanted) or by_name.get(wanted.casefold())


class Words(forms.CharField):
    """A line in any script: no character of a name is refused, only spaces and marks of direction around it are dropped."""

    def __init__(self, label: Any, length: int = 200, *, rows: int = 0, **given: Any) -> None:
        kind, size = (forms.Textarea, {"rows": rows}) if rows else (forms.TextInput, {})
        attrs = {**size, "dir": "auto", "autocomplete": "off", "spellcheck": "false"}
        given.setdefault("required", False)
        super().__init__(label=label, max_length=length, widget=kind(attrs=attrs), strip=False, **given)
        self.several = bool(rows)

    def clean(self, value: Any) -> Any:
        """Return the text, or of a field of several lines the list of those that are not empty, each once."""
        text = super().clean(value)
        if not self.several:
            return clean(text)
        return list(dict.fromkeys(line for line in map(clean, text.splitlines()) if line))


class Codes(forms.CharField):
    """Several codes or names, with commas between; `read` says which code a text means."""

    def __init__(self, label: Any, read: Callable[[str], str | None], **given: Any) -> None:
        widget = forms.TextInput(attrs={"dir": "auto", "autocomplete": "off", "spellcheck": "false"})
        super().__init__(label=label, max_length=200, required=False, widget=widget, **given)
        self.read = read

    def clean(self, value: Any) -> Any:
        """Return the codes in the order given, each once."""
        found: list[str] = []
        for part in super().clean(value).replace("،", ",").replace(";", ",").split(","):
            if part.strip():
                code = self.read(part)
                if code is None:
                    said = gettext(
                        "“%(value)s” is not known. Give names or three-letter codes with commas between."
                    )
                    raise forms.ValidationError(said % {"value": part.strip()})
                found.append(code)
        return list(dict.fromkeys(found))


class PcodeInput(forms.TextInput):
    """A P-code, typed, or chosen among areas that are looked up by the first letters of their name."""

    def __init__(self, country_field: str = "") -> None:
        super().__init__(attrs={"class": "ltr short", "autocomplete": "off", "spellcheck": "false"})
        self.country_field = country_field

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the input and its list of suggestions; without JavaScript the list stays empty."""
        listed = f"areas_{name}"
        lookup = {
            "list": listed,
            "hx-get": reverse("areas"),
            "hx-trigger": "input changed delay:300ms",
            "hx-target": f"#{listed}",
        }
        if self.country_field:
            lookup["hx-include"] = f"#id_{self.country_field}"
        shown = super().render(name, value, {**(attrs or {}), **lookup}, renderer)
        return format_html('{}<datalist id="{}"></datalist>', shown, listed)


class AreaField(forms.CharField):
    """An administrative area, by its P-code."""

    def __init__(self, label: Any, country_field: str = "") -> None:
        super().__init__(
            label=label,
            max_length=20,
            required=False,
            widget=PcodeInput(country_field),
            help_text=_("The P-code, or the first letters of the name."),
        )

    def clean(self, value: Any) -> Any:
        """Return the area, or None."""
        text = super().clean(value).strip()
        if not text:
            return None
        found = AdminArea.objects.filter(pcode__iexact=text).first()
        if found is None:
            said = gettext("There is no area with the P-code “%(value)s”. Choose one from the list.")
            raise forms.ValidationError(said % {"value": text})
        return found


def _choice(label: Any, choices: Any, **given: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", "–"), *choices], **given)


GROUPS: tuple[tuple[Any, str], ...] = (
    (_("Names"), "given_name father_name family_name native_name mother_name grandfather second_family maiden alias spelling"),
    (_("Sex and birth"), "sex born birth_estimated birth_place birth_country birth_area"),
    (_("Nationality and origin"), "nationality nationality_status other_nationalities origin_country origin_area"),
    (_("Languages, education, work"), "languages education occupation marital_status"),
    (_("Religion and ethnicity"), "religion ethnicity"),
    (_("Contact"), "phone email"),
)  # fmt: skip


class PersonForm(forms.Form):
    """Everything that the record of a person says, as the level asks for it. `today` is the day by which an age is read."""

    given_name = Words(_("Given name"))
    father_name = Words(_("Father's name"))
    family_name = Words(_("Family name"))
    native_name = Words(_("Name as on the document"), 400)
    mother_name = Words(_("Mother's name"))
    grandfather = Words(_("Grandfather's name"), 400)
    second_family = Words(_("Second family name"), 400)
    maiden = Words(_("Family name at birth"), 400)
    alias = Words(_("Also known as"), 1200, rows=2, help_text=_("One name on each line."))
    spelling = Words(_("Other spellings"), 1200, rows=2, help_text=_("One name on each line."))
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices)
    born = forms.CharField(
        label=_("Date of birth, year or age"),
        max_length=20,
        required=False,
        help_text=_("17.5.1990, 5.1990, 1990, or 34 for an age."),
        widget=forms.TextInput(attrs={"class": "ltr short", "autocomplete": "off"}),
    )
    birth_estimated = forms.BooleanField(label=_("The date of birth is an estimate"), required=False)
    birth_place = Words(_("Place of birth"))
    birth_country = _choice(_("Country of birth"), [])
    birth_area = AreaField(_("Area of birth"), "birth_country")
    nationality = _choice(_("Nationality"), [])
    nationality_status = _choice(_("If no nationality is established"), NationalityStatus.choices)
    other_nationalities = Codes(_("Further nationalities"), read_country)
    origin_country = _choice(
        _("Country of origin"),
        [],
        help_text=_("Where it is not the nationality: of former habitual residence."),
    )
    origin_area = AreaField(_("Place of origin"), "origin_country")
    languages = Codes(
        _("Languages"),
        language_of,
        help_text=_("The best understood first, with commas between."),
    )
    education = _choice(_("Education"), Education.choices)
    occupation = Words(_("Occupation"), 100)
    marital_status = _choice(_("Marital status"), MaritalStatus.choices)
    religion = _choice(_("Religion"), Religion.choices)
    ethnicity = Words(_("Ethnicity"), 100, help_text=_("Write “not said” where the person does not say."))
    phone = forms.CharField(
        label=_("Telephone"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"class": "ltr", "inputmode": "tel", "autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        widget=forms.TextInput(attrs={"class": "ltr", "autocomplete": "off"}),
    )
    level = forms.ChoiceField(
        label=_("Level of registration"), help_text=_("It can be raised, and is never lowered.")
    )
    reason = _choice(
        _("Why does it change?"),
        CorrectionReason.choices,
        help_text=_("Needed when something that stood in the record is changed or removed."),
    )
    version = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, level: str, wanted: str, known: Mapping[str, Any], today: date, **kwargs: Any
    ) -> None:
        """`level` is the person's, `wanted` the one that the page asks for; `known` says what is there already."""
        super().__init__(*args, **kwargs)
        self.today = today
        for name in ("birth_country", "nationality", "origin_country"):
            self.fields[name].choices = [("", "–"), *countries()]  # type: ignore[attr-defined]
        self.fields["level"].choices = [  # type: ignore[attr-defined]
            (one, Level(one).label) for one in (level, *above(level))
        ]
        for name in ("religion", "ethnicity", "education"):
            if not asks(wanted, name) and not known.get(name):
                del self.fields[name]

    def groups(self) -> list[tuple[str, Any, list[Any]]]:
        """Return (anchor, title, bound fields) of each part of the page."""
        parts = (
            (title, [self[name] for name in names.split() if name in self.fields]) for title, names in GROUPS
        )
        return [(f"part-{place}", title, fields) for place, (title, fields) in enumerate(parts) if fields]

    def clean(self) -> dict[str, Any]:
        """A name at least; a date of birth that can be one; an area of the country beside it; stateless or a nationality."""
        given = super().clean() or {}
        if not any(given.get(name) for name in ("given_name", "father_name", "family_name", "native_name")):
            self.add_error("given_name", _("Give one name at least."))
        self._birth(given)
        for kind in ("birth", "origin"):
            area, stated = given.get(f"{kind}_area"), given.get(f"{kind}_country")
            if area and stated and area.country != stated:
                said = _("This area lies in %(country)s.") % {"country": country(area.country)}
                self.add_error(f"{kind}_area", said)
            elif area:
                given[f"{kind}_country"] = area.country
        if given.get("nationality") and given.get("nationality_status") == NationalityStatus.STATELESS:
            self.add_error(
                "nationality_status", _("A person who has a nationality is not stateless. Keep one.")
            )
        return given

    def _birth(self, given: dict[str, Any]) -> None:
        found, errors = read_birth(
            given.get("born", ""), estimated=given.get("birth_estimated", False), today=self.today
        )
        for error in errors:
            self.add_error("born", gettext(MESSAGES[error.code]) % {"value": error.value})
        given["birth_date"], given["birth_precision"], given["birth_estimated"] = found

    def columns(self) -> dict[str, Any]:
        """Return what was filled in, by column of Individual; sealed ones as text."""
        own = {one.name for one in Individual._meta.concrete_fields} - {"level"}
        return {name: value for name, value in self.cleaned_data.items() if name in own}

    def further(self) -> dict[str, list[str]]:
        """Return the further names, by kind."""
        found = {str(kind): self.cleaned_data[kind] for kind in NameKind}
        return {
            kind: names if isinstance(names, list) else [names] if names else []
            for kind, names in found.items()
        }


def as_typed(
    record: Any, *, sealed: Mapping[str, str], further: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return a record, or a version of it, as the form's fields would have been filled in."""
    texts = {
        name: str(getattr(record, name) or "")
        for name in PersonForm.base_fields
        if hasattr(record, name) and name not in sealed
    }
    born = "" if record.birth_date is None else record.birth_date.isoformat()
    return {
        **texts,
        **sealed,
        **{str(kind): "\n".join(further.get(kind, ())) for kind in NameKind},
        "born": born[: {"YEAR": 4, "MONTH": 7}.get(record.birth_precision, 10)],
        "birth_estimated": "on" if record.birth_estimated else "",
        "other_nationalities": ", ".join(record.other_nationalities),
        "languages": ", ".join(record.languages),
        "birth_area": record.birth_area.pcode if record.birth_area_id else "",
        "origin_area": record.origin_area.pcode if record.origin_area_id else "",
    }


class RemovalForm(forms.Form):
    """Which fact is taken away, and why."""

    row = forms.UUIDField(widget=forms.HiddenInput)
    reason = _choice(_("Why is it removed?"), CorrectionReason.choices)


class DocumentForm(forms.Form):
    """A paper that the person brought."""

    kind = forms.ChoiceField(label=_("Kind"), choices=DocumentKind.choices)
    number = forms.CharField(
        label=_("Number"),
        max_length=60,
        widget=forms.TextInput(attrs={"class": "ltr", "autocomplete": "off", "spellcheck": "false"}),
    )


class RelativeForm(forms.Form):
    """A relative who is elsewhere, missing, or in a file of their own."""

    relationship = forms.ChoiceField(
        label=_("Relationship to the person"), choices=[("", "–"), *Relationship.choices]
    )
    name = Words(_("Name"), 400, required=True)
    country = _choice(_("Country"), [])
    whereabouts = Words(_("Whereabouts"), 500, help_text=_("As far as the person knows. It is sealed."))
    number = forms.CharField(
        label=_("Individual number"),
        max_length=24,
        required=False,
        help_text=_("Of a relative who is registered."),
        widget=forms.TextInput(attrs={"class": "ltr short", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "–"), *countries()]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """A relative has a name."""
        name: str = self.cleaned_data["name"]
        if not name:
            raise forms.ValidationError(_("Give one name at least."))
        return name


class BiometricForm(forms.Form):
    """What an external system answered about the person's fingerprints or irises."""

    system = forms.CharField(label=_("System"), max_length=60, help_text=_("For example: BIMS, Eurodac."))
    reference = forms.CharField(
        label=_("Reference there"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"class": "ltr", "autocomplete": "off"}),
    )
    result = forms.ChoiceField(label=_("Result"), choices=BiometricResult.choices)
    checked_on = forms.DateField(
        label=_("Compared on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class PhotoForm(forms.Form):
    """A photo of the person's face."""

    photo = forms.FileField(
        error_messages={"required": _("Take a photo, or choose one, before you save it.")}
    )

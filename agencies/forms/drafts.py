"""What do people fill in, step by step, for the draft of an agreement?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.access import Viewer
from agencies.access.preview import field_by_field, rows_of, words_of
from agencies.access.terms import class_of, kinds, level_of
from agencies.enums import Channel, Direction, FieldLevel, LegalBasis, Onward, Purpose
from agencies.forms.fields import Day, country_choices
from agencies.models import Agency, Membership
from refugeecm.core.classes import FieldClass

Text = str | Promise
SHORTCUTS = (FieldLevel.NONE, FieldLevel.MASKED, FieldLevel.SEE)


class StartForm(forms.Form):
    """With whom, in which direction, and under which title."""

    other = forms.ModelChoiceField(Agency.objects.none(), label=gettext_lazy("Partner"))
    direction = forms.ChoiceField(
        label=gettext_lazy("Who shows whom"),
        choices=Direction.choices,
        initial=Direction.GIVE,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("An agreement has one direction. For both, draw up two."),
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=200,
        help_text=gettext_lazy("How both sides will recognise it in lists."),
    )
    first_email = forms.EmailField(
        label=gettext_lazy("First administrator there"),
        required=False,
        help_text=gettext_lazy("Only for a partner that has nobody here yet: who is invited to set it up."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "class": "ltr"}),
    )

    def __init__(self, *args: Any, by: Viewer, fixed: str = "", **kwargs: Any) -> None:
        """`fixed` says why partner and direction can no longer be chosen."""
        super().__init__(*args, **kwargs)
        self.fields["other"].error_messages["required"] = gettext_lazy("Choose a partner.")
        self.fields["title"].error_messages["required"] = gettext_lazy("Give it a title.")
        others = self.fields["other"]
        assert isinstance(others, forms.ModelChoiceField)  # noqa: S101 - tells the type checker
        others.empty_label = _("Choose an agency")
        others.queryset = Agency.objects.exclude(pk=by.agency_id).order_by("name")
        if fixed:
            others.disabled = self.fields["direction"].disabled = True
            others.help_text = fixed
            del self.fields["first_email"]

    def clean(self) -> dict[str, Any]:
        """Ask for an address where nobody could answer."""
        given = super().clean() or {}
        other = given.get("other")
        if other and given.get("first_email") and Membership.objects.filter(agency=other).exists():
            self.add_error("first_email", _("They have people here already. Leave this empty."))
        return given


class PurposeForm(forms.Form):
    """Why, on which legal basis, after which assessment."""

    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), choices=Purpose.choices)
    legal_basis = forms.ChoiceField(
        label=gettext_lazy("Legal basis"),
        choices=LegalBasis.choices,
        help_text=gettext_lazy(
            "With consent, only people whose own consent to this partner is recorded are covered."
        ),
    )
    dpia_reference = forms.CharField(
        label=gettext_lazy("Data-protection assessment"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("The number under which you keep it."),
    )
    dpia_on = forms.DateField(label=gettext_lazy("Assessed on"), required=False, widget=Day())


class PopulationForm(forms.Form):
    """Whose data: who fits everything that is given."""

    event_slug = forms.CharField(
        label=gettext_lazy("Influx event"),
        max_length=60,
        required=False,
        validators=[validate_slug],
        error_messages={"invalid": gettext_lazy("Type it without spaces, for example east-2026.")},
        help_text=gettext_lazy("Its short name, for example east-2026."),
        widget=forms.TextInput(
            attrs={
                "class": "ltr short",
                "spellcheck": "false",
                "autocomplete": "off",
                "list": "known_event_slug",
            }
        ),
    )
    site = forms.CharField(
        label=gettext_lazy("Registration site"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Exactly as it is written in people's files."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "known_site"}),
    )
    origin = forms.ChoiceField(
        label=gettext_lazy("Country of origin"), choices=country_choices, required=False
    )
    asylum = forms.ChoiceField(
        label=gettext_lazy("Country of asylum"),
        choices=country_choices,
        required=False,
        help_text=gettext_lazy(
            "Where people arrived: the country of the event, else of the agency that registered them."
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a population."""
        given = super().clean() or {}
        if not self.errors and not any(given.values()):
            self.add_error(
                "event_slug",
                _("Say whose data it is: give an influx event, a registration site or a country."),
            )
        return given


class TermsForm(forms.Form):
    """By which doors, from when until when, and what the recipient owes."""

    channels = forms.MultipleChoiceField(
        label=gettext_lazy("How"), choices=Channel.choices, widget=forms.CheckboxSelectMultiple
    )
    onward = forms.ChoiceField(
        label=gettext_lazy("Passing on to others"), choices=Onward.choices, widget=forms.RadioSelect
    )
    hands_over = forms.BooleanField(
        label=gettext_lazy("Cases may be handed over"),
        required=False,
        help_text=gettext_lazy(
            "A family may go into the recipient's responsibility: both sides agree each time, and a supervisor approves."
            " Without it, cases are shown and referred, and stay where they are."
        ),
    )
    matches = forms.BooleanField(
        label=gettext_lazy("Both may ask about the same people"),
        required=False,
        help_text=gettext_lazy(
            "Where both seem to have registered one person whose name the other does not see, each learns that the other may know"
            " that person, and nothing more. Either may ask; it then shows what it chooses, and the other answers or does not."
        ),
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
    review_on = forms.DateField(label=gettext_lazy("First review"), required=False, widget=Day())
    review_months = forms.IntegerField(
        label=gettext_lazy("Months between reviews"), required=False, min_value=1, max_value=60
    )
    retention_days = forms.IntegerField(
        label=gettext_lazy("Days the recipient keeps copies"), required=False, min_value=0, max_value=32000
    )
    breach_hours = forms.IntegerField(
        label=gettext_lazy("Hours to report a breach"), required=False, min_value=1, max_value=720
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channels"].error_messages["required"] = gettext_lazy("Choose at least one way.")
        self.fields["starts_on"].error_messages["required"] = gettext_lazy("Give the first day.")

    def add_prefix(self, field_name: str) -> str:
        """Name a field in the page; one called `matches` would hide the form's method of that name, which htmx calls."""
        return super().add_prefix("may_ask" if field_name == "matches" else field_name)

    def clean(self) -> dict[str, Any]:
        """Ask for an end that is not before the start."""
        given = super().clean() or {}
        starts_on, ends_on = given.get("starts_on"), given.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", _("The last day lies before the first. Correct one of them."))
        return given


@dataclass(frozen=True)
class Choice:
    """One radio button of the table."""

    level: str
    label: Text
    chosen: bool


@dataclass(frozen=True)
class Line:
    """One group of fields in the table: its key in the matrix, its words, its class, and a choice or None for each column."""

    key: str
    words: Text
    cls: str
    choices: list[Choice | None]
    level: str


class Matrix:
    """The table of fields: lines by kind of record, four columns. Unlike a form it takes whatever is sent and stays whole."""

    columns = list(FieldLevel)

    def __init__(self, matrix: Mapping[str, str]) -> None:
        self.matrix = matrix

    @classmethod
    def sent(cls, sent: Mapping[str, str]) -> Matrix:
        """Return the table as sent by its form; a shortcut ("apply": "C2:see") sets all lines of a class."""
        of, _colon, level = sent.get("apply", "").partition(":")
        chosen = {}
        for label, model in kinds().items():
            for group in rows_of(model):
                key = f"{label}.{group}"
                wanted = level if of == class_of(model, group) and level in SHORTCUTS else sent.get(key, "")
                if wanted in FieldLevel.values:
                    chosen[key] = wanted
        return cls(field_by_field(chosen))

    def kinds(self) -> Iterator[tuple[Text, list[Line]]]:
        """Yield (kind of record, its lines)."""
        for label, model in kinds().items():
            yield model.shared_as, [self._line(label, model, one) for one in rows_of(model)]  # type: ignore[attr-defined]

    def _line(self, label: str, model: Any, group: str) -> Line:
        level = level_of(self.matrix, model, group)
        editable = group in getattr(model, "partners_edit", ())
        choices = [
            Choice(str(one), one.label, one == level) if one != FieldLevel.EDIT or editable else None
            for one in self.columns
        ]
        words = words_of(model, group)
        return Line(f"{label}.{group}", words, str(class_of(model, group)), choices, str(level))

    def levels(self) -> dict[tuple[str, str], str]:
        """Return {(kind of record, field in words): level in words}; two tables are compared by it."""
        return {
            (str(kind), str(line.words)): str(FieldLevel(line.level).label)
            for kind, lines in self.kinds()
            for line in lines
        }

    def opened(self) -> Iterator[tuple[Text, list[tuple[Text, Text]]]]:
        """Yield (kind of record, [(field, level in words), …]) of what is shown in any way."""
        for kind, lines in self.kinds():
            shown: list[tuple[Text, Text]] = [
                (one.words, FieldLevel(one.level).label) for one in lines if one.level != "none"
            ]
            if shown:
                yield kind, shown

    def withheld(self) -> Iterator[tuple[Text, list[Text]]]:
        """Yield (kind of record, fields) of what is not shown."""
        for kind, lines in self.kinds():
            if hidden := [one.words for one in lines if one.level == "none"]:
                yield kind, hidden

    @property
    def confidential(self) -> bool:
        """Whether anything of class C4 is shown."""
        return any(
            one.level != "none" and one.cls == FieldClass.C4 for _kind, lines in self.kinds() for one in lines
        )


FORMS: dict[str, type[forms.Form]] = {
    "purpose": PurposeForm,
    "population": PopulationForm,
    "terms": TermsForm,
}
STEPS: dict[str, Text] = {
    "parties": gettext_lazy("Partner and title"),
    "purpose": gettext_lazy("Purpose and legal basis"),
    "population": gettext_lazy("Whose data"),
    "fields": gettext_lazy("What is shown"),
    "terms": gettext_lazy("How, until when"),
    "check": gettext_lazy("Check and sign"),
}

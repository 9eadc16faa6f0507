"""What does somebody fill in about people: a file of arrivals, a telephone number, consent, a sealed file?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MinLengthValidator
from django.utils.translation import gettext_lazy as _

from agencies.access import ROLES, Permission, Viewer
from agencies.enums import Purpose
from agencies.forms.fields import Day, country_choices, words
from agencies.models import Agency, Membership
from registration.enums import (
    FACTS,
    FOCAL,
    RECORD_REASONS,
    GroupReason,
    LegalStatus,
    ProcessStatus,
    Relationship,
    Sex,
    StatusBasis,
    StatusCategory,
)
from registration.forms.influx import short_name
from registration.models import Individual, InfluxEvent

LIMIT = 300 * 2**20  # bytes, as in actions.imports.receiving; refused before the file is read into memory
NEW = "new"  # the choice of an event that does not exist yet


class PhoneForm(forms.Form):
    """A telephone number as people give it."""

    phone = forms.CharField(
        label=_("Telephone"),
        max_length=80,
        help_text=_("With the code of the country."),
        widget=forms.TextInput(attrs={"class": "ltr", "inputmode": "tel", "autocomplete": "off"}),
    )


class CorrectedForm(forms.Form):
    """The rows with errors, corrected."""

    file = forms.FileField(
        label=_("Corrected rows"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"})
    )

    def clean_file(self) -> UploadedFile[Any]:
        """Refuse a file that is too large before anybody reads it."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > LIMIT:
            raise forms.ValidationError(
                _("The file is larger than 300 MB. Split it, and send the parts one after the other.")
            )
        return file


class AllowForm(forms.Form):
    """Why a file is accepted in spite of many errors or possible duplicates."""

    reason = words(_("Reason"), 300)


class ImportForm(CorrectedForm):
    """A file, and the occasion on which its people arrived: one that exists, or a new one."""

    file = forms.FileField(
        label=_("List of arrivals"),
        help_text=_(
            "CSV or Excel (.xlsx), up to 300 MB. One row for each person; columns are recognised by their names."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    event = forms.ChoiceField(label=_("Event"), help_text=_("The occasion on which these people arrived."))
    name = forms.CharField(label=_("Name of the new event"), max_length=200, required=False)
    slug = short_name(label=_("Short name of the new event"), required=False)

    ask = forms.BooleanField(
        label=_("Let me choose the columns first"),
        required=False,
        help_text=_("Otherwise you are asked only when no column with a name is recognised."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = InfluxEvent.objects.offered().values_list("pk", "name")
        event = self.fields["event"]
        event.choices = [*((str(pk), name) for pk, name in standing), (NEW, _("A new event, named below"))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A new event has to be named. Its short name must be free."""
        given = super().clean() or {}
        if given.get("event") != NEW:
            if given.get("event") and (given.get("name") or given.get("slug")):
                self.add_error("event", _("You chose an event and named a new one. Keep one of the two."))
            return given
        for field in ("name", "slug"):
            if not given.get(field) and field not in self.errors:
                self.add_error(field, _("Name the new event here, or choose another above."))
        slug = given.get("slug")
        if slug and InfluxEvent.objects.filter(slug=slug).exists():
            self.add_error(
                "slug",
                _("There is an event with this short name already. Choose it above, or take another name."),
            )
        return given

    def chosen(self) -> InfluxEvent | None:
        """Return the event that was chosen, or None for a new one."""
        event = self.cleaned_data["event"]
        return None if event == NEW else InfluxEvent.objects.get(pk=int(event))


class MemberField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice among the members of the agency who read files; its value is the membership."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name and the role."""
        return f"{obj.user.name} ({obj.get_role_display()})"


def _readers_of_files(viewer: Viewer) -> Any:
    roles = [role for role, granted in ROLES.items() if Permission.PERSON_READ in granted]
    found = Membership.objects.in_force().filter(agency_id=viewer.agency_id, role__in=roles)
    return found.select_related("user").order_by("user__name", "pk")


class ConsentForm(forms.Form):
    """What a person agrees to: towards whom, for what, and how it was explained to them."""

    recipient = forms.ModelChoiceField(Agency.objects.none(), label=_("Recipient"), empty_label=_("Choose"))
    purpose = forms.ChoiceField(label=_("Purpose"), choices=[("", _("Choose")), *Purpose.choices])
    given_on = forms.DateField(label=_("Given on"), widget=Day())
    language = forms.CharField(
        label=_("Language it was explained in"),
        max_length=40,
        help_text=_("The language that the person understands best."),
    )
    text_version = forms.CharField(
        label=_("Version of the text"), max_length=40, help_text=_("As printed at the foot of the form.")
    )
    witness = forms.CharField(
        label=_("Witness"),
        max_length=150,
        required=False,
        help_text=_("Who was there: an interpreter, a guardian, a relative of the person's choice."),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Agency.objects.exclude(pk=viewer.agency_id).order_by("name")
        self.fields["recipient"].queryset = others  # type: ignore[attr-defined]


class HowForm(forms.Form):
    """How a consent was withdrawn."""

    how = forms.CharField(
        label=_("How it was withdrawn"),
        max_length=300,
        required=False,
        help_text=_("In person, by telephone, in writing. No reason is asked for."),
    )


class SealForm(forms.Form):
    """Why a file is sealed, and who reads it besides whoever seals it."""

    reason = words(_("Reason"), 300)
    reader = MemberField(
        Membership.objects.none(),
        label=_("Reader"),
        empty_label=_("Choose"),
        help_text=_("You can name more people afterwards."),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reader"].queryset = _readers_of_files(viewer)  # type: ignore[attr-defined]


class ConflictForm(forms.Form):
    """Who must not see a file, and why."""

    member = MemberField(Membership.objects.none(), label=_("Who"))
    reason = words(_("Reason"), 300, help_text=_("For example: a relative, a neighbour, a former employer."))

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = _readers_of_files(viewer)
        if not viewer.may(Permission.CONFLICT_DECLARE):
            people = people.filter(user_id=viewer.user_id)
        self.fields["member"].queryset = people  # type: ignore[attr-defined]
        self.fields["member"].initial = people.filter(user_id=viewer.user_id).first()


class GlassForm(forms.Form):
    """Which file has to be read in an emergency, and why."""

    number = forms.CharField(
        label=_("File number"),
        max_length=24,
        help_text=_("Of the family or of one of its members."),
        widget=forms.TextInput(attrs={"class": "ltr", "autocomplete": "off", "spellcheck": "false"}),
    )
    reason = words(
        _("What is the emergency?"),
        300,
        validators=[MinLengthValidator(20, _("Say in a sentence what is at stake: 20 letters at least."))],
    )


class _Effective(forms.Form):
    """A change with the day on which it took effect, today unless said otherwise."""

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"] = forms.DateField(label=_("Took effect on"), widget=Day(), initial=today)

    def pick(
        self, name: str, people: Iterable[Individual], label: Any, *, required: bool = True, **given: Any
    ) -> None:
        """Add a choice of one of these people."""
        choices = [
            ("", _("Choose") if required else _("Nobody")),
            *((str(one.pk), one.full_name) for one in people),
        ]
        self.fields[name] = forms.ChoiceField(label=label, choices=choices, required=required, **given)

    def chosen_of(self, name: str, people: Iterable[Individual]) -> Individual | None:
        """Return whom a choice names."""
        return next((one for one in people if str(one.pk) == self.cleaned_data.get(name)), None)

    def children_alone(self) -> None:
        """Add what a caseworker says before a child leads a group."""
        self.fields["child_headed"] = forms.BooleanField(
            label=_("Children are without an adult: a child-headed household"),
            required=False,
            help_text=_("Only then may somebody younger than 18 be the focal point."),
        )


def _reasons(*codes: GroupReason) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Reason"), choices=[("", _("Choose")), *((one, one.label) for one in codes)]
    )


class PlacesForm(_Effective):
    """What everybody in a group is to its focal point; `proposed` is shown and can be corrected."""

    reason = _reasons(
        GroupReason.FOCAL_POINT, GroupReason.MARRIAGE, GroupReason.DIVORCE, GroupReason.CORRECTION
    )

    def __init__(
        self,
        *args: Any,
        others: list[Individual],
        proposed: Mapping[uuid.UUID, str],
        child: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        codes = [(one.value, one.label) for one in Relationship if one not in FOCAL]
        for one in others:
            self.fields[f"is_{one.pk}"] = forms.ChoiceField(
                label=one.full_name, choices=codes, initial=proposed[one.pk]
            )
        self.others = others
        if child:
            self.children_alone()

    def relationships(self) -> dict[uuid.UUID, str]:
        """Return what each of the others is."""
        return {one.pk: self.cleaned_data[f"is_{one.pk}"] for one in self.others}


class LeavingForm(_Effective):
    """Who of a group goes: into a new one that one of them leads, or into the one with a number."""

    def __init__(self, *args: Any, members: list[Individual], new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = members
        on = self.fields.pop("on")
        self.fields["members"] = forms.MultipleChoiceField(
            label=_("Who goes"),
            choices=[(str(one.pk), one.full_name) for one in members],
            widget=forms.CheckboxSelectMultiple,
        )
        if new:
            self.pick("focal_point", members, _("Focal point of the new group"))
        else:
            self.fields["number"] = forms.CharField(
                label=_("Number of the other group"),
                max_length=24,
                widget=forms.TextInput(attrs={"class": "ltr", "autocomplete": "off", "spellcheck": "false"}),
            )
        self.pick(
            "successor", members, _("Focal point of those who stay"), required=False,
            help_text=_("Only if the focal point goes and others stay."),
        )  # fmt: skip
        self.children_alone()
        first = GroupReason.SPLIT if new else GroupReason.MOVED
        self.fields["reason"] = _reasons(
            first, GroupReason.MARRIAGE, GroupReason.DIVORCE, GroupReason.REUNITED, GroupReason.CORRECTION
        )
        self.fields["on"] = on

    def going(self) -> list[Individual]:
        """Return who goes."""
        return [one for one in self.people if str(one.pk) in self.cleaned_data["members"]]


class RecordForm(_Effective):
    """What becomes of a record, or of all in a group, and why: both in one choice, "C deceased"."""

    def __init__(
        self,
        *args: Any,
        statuses: Iterable[str],
        closes: bool,
        heirs: list[Individual],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        on = self.fields.pop("on")
        self.fields["change"] = forms.ChoiceField(
            label=_("What is recorded"),
            choices=[
                ("", _("Choose")),
                *(
                    (ProcessStatus(to).label, [(f"{to} {why}", why.label) for why in RECORD_REASONS[to]
                                               if closes or to != ProcessStatus.CLOSED or why in FACTS])
                    for to in statuses
                ),
            ],
        )  # fmt: skip
        if heirs:
            self.pick(
                "successor", heirs, _("Focal point of those who stay"), required=False,
                help_text=_("Only if this person leaves the group. After a death the eldest leads if you choose nobody."),
            )  # fmt: skip
            self.children_alone()
        self.fields["on"] = on


class LegalForm(_Effective):
    """Legal status, on what it rests and how it was established."""

    legal_status = forms.ChoiceField(label=_("Legal status"), choices=LegalStatus.choices)
    basis = forms.ChoiceField(
        label=_("Basis of the status"),
        choices=[("", _("Not recorded")), *StatusBasis.choices],
        required=False,
    )
    category = forms.ChoiceField(
        label=_("Category of the status"),
        choices=[("", _("Not recorded")), *StatusCategory.choices],
        required=False,
    )


class MemberForm(_Effective):
    """Somebody more in a group that stands: born into it, or not there on the first day."""

    reason = _reasons(GroupReason.BIRTH, GroupReason.LATE, GroupReason.MARRIAGE, GroupReason.REUNITED)
    given_name = words(_("Given name"), 200, rows=0, required=False)
    father_name = words(_("Father's name"), 200, rows=0, required=False)
    family_name = words(_("Family name"), 200, rows=0, required=False)
    sex = forms.ChoiceField(label=_("Sex"), choices=[("", _("Choose")), *Sex.choices])
    date_of_birth = forms.CharField(
        label=_("Date of birth, or age"),
        max_length=40,
        required=False,
        help_text=_("Such as 2019-05-24, 2019 or 7. Of a newborn, the day."),
        widget=forms.TextInput(attrs={"class": "ltr short", "autocomplete": "off"}),
    )
    nationality = forms.ChoiceField(label=_("Nationality"), required=False)
    relationship = forms.ChoiceField(
        label=_("Relationship to the focal point"),
        choices=[
            ("", _("To be defined")),
            *((one.value, one.label) for one in Relationship if one not in FOCAL),
        ],
        required=False,
        help_text=_("Of a newborn it follows from the mother if you leave it."),
    )

    def __init__(self, *args: Any, mothers: list[Individual], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pick(
            "mother", mothers, _("The mother"), required=False,
            help_text=_("Of a newborn, who has her status, origin and nationality."),
        )  # fmt: skip
        self.fields["nationality"].choices = [("", _("As the mother, or not known")), *country_choices()[1:]]  # type: ignore[attr-defined]

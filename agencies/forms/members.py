"""What does one fill in to invite people, to change what they are, and to review access?"""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.actions.invitations import Invitee
from agencies.enums import Role
from agencies.forms.fields import Day

COLUMNS = ("email", "name", "role", "until")
MOST_ROWS, MOST_BYTES = 200, 100_000
_DOMAIN = re.compile(r"^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+$")


class InviteForm(forms.Form):
    """Invites one person."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("A link is sent there. It is good for 72 hours."),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=Day(),
        help_text=gettext_lazy("The last day of the membership, if it has one."),
    )

    def invitee(self) -> Invitee:
        """Return who is invited."""
        return Invitee(**self.cleaned_data)


class InviteListForm(forms.Form):
    """Invites the people of a CSV file: all of them, or nobody and what is wrong with each row."""

    file = forms.FileField(
        label=gettext_lazy("List of people"),
        help_text=gettext_lazy(
            "CSV with the columns email, name, role and until; at most 200 rows. Roles: caseworker, decision_maker,"
            " supervisor, administrator, auditor. Days as 2026-12-31, or empty."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt"}),
    )

    def clean_file(self) -> list[Invitee]:
        """Return who is invited; one error a row, by its number in the file."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise ValidationError(_("The file is too large. Send at most 200 rows at a time."))
        try:
            text = file.read().decode("utf-8-sig")
            rows = list(csv.DictReader(io.StringIO(text), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValidationError(_("This is no CSV file in UTF-8. Save it as “CSV UTF-8”.")) from error
        if not rows or not {"email", "name", "role"} <= set(rows[0]):
            raise ValidationError(_("The first row must name the columns: email, name, role, until."))
        if len(rows) > MOST_ROWS:
            raise ValidationError(_("The file is too large. Send at most 200 rows at a time."))
        found, errors = [], []
        for place, row in enumerate(rows):
            try:
                found.append(_invitee(row))
            except ValidationError as error:
                errors.append(row_error(place, " ".join(error.messages)))
        if errors:
            raise ValidationError(errors)
        return found


def row_error(place: int, text: str) -> str:
    """Return "Row 2: …" for the place in the list; row 1 of the file names the columns."""
    return _("Row %(number)s: %(text)s") % {"number": place + 2, "text": text}


def _invitee(row: dict[str, Any]) -> Invitee:
    given = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    try:
        validate_email(given["email"])
    except ValidationError as error:
        raise ValidationError(_("The e-mail address is not one.")) from error
    if not given["name"] or len(given["name"]) > 150:
        raise ValidationError(_("Give a name of at most 150 letters."))
    if given["role"] not in Role.values:
        raise ValidationError(_("The role is unknown."))
    try:
        until = date.fromisoformat(given["until"]) if given["until"] else None
    except ValueError as error:
        raise ValidationError(_("Write the last day as 2026-12-31.")) from error
    return Invitee(given["email"], given["name"], given["role"], until)


class MemberForm(forms.Form):
    """Changes what a member is, and until when."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)
    expires_on = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=Day(),
        help_text=gettext_lazy("The last day of the membership, if it has one."),
    )


class DomainsForm(forms.Form):
    """Says at which domains addresses may be invited."""

    domains = forms.CharField(
        label=gettext_lazy("Allowed domains"),
        max_length=500,
        required=False,
        help_text=gettext_lazy(
            "With spaces between, for example help.example relief.example. Empty allows any."
        ),
        widget=forms.TextInput(attrs={"class": "ltr", "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean_domains(self) -> str:
        """Return the domains in small letters, one space between."""
        found = self.cleaned_data["domains"].lower().replace(",", " ").split()
        for one in found:
            if not _DOMAIN.match(one):
                raise ValidationError(
                    _("%(domain)s is no domain. Write it as help.example.") % {"domain": one}
                )
        return " ".join(dict.fromkeys(found))


class DecisionForm(forms.Form):
    """Confirms an access or ends it."""

    keep = forms.ChoiceField(choices=[("1", gettext_lazy("Confirm")), ("0", gettext_lazy("End"))])
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        error_messages={"required": gettext_lazy("Give the reason: who reads the evidence later needs it.")},
    )

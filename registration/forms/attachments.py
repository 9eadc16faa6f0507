"""What does somebody fill in about a file of a person, and when it goes?"""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import words
from registration.enums import AttachmentKind


class AttachmentForm(forms.Form):
    """A file about a person."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "PDF, JPEG, PNG or WebP, up to 20 MB. Of pictures, place and time of taking are removed."
        ),
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png,image/webp"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind of file"),
        choices=[("", _("Choose")), *AttachmentKind.choices],
        help_text=_("A medical paper is opened by those who may open restricted needs, and by nobody else."),
    )
    title = words(
        _("Title"),
        200,
        rows=0,
        required=False,
        help_text=_("What a colleague looks for. It is stored encrypted."),
    )


class WithdrawalForm(forms.Form):
    """Why a file goes."""

    reason = words(
        _("Reason"), 300, help_text=_("For example: belongs to somebody else. It is stored encrypted.")
    )

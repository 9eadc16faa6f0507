"""What does somebody say who takes rows out of the system?"""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.enums import ExportFormat, ExportPurpose


class ExportForm(forms.Form):
    """Purpose, reason and kind of file; the list and its filters travel along unseen."""

    list = forms.CharField(max_length=40, widget=forms.HiddenInput)
    query = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=[("", _("Choose the purpose")), *ExportPurpose.choices],
        error_messages={"required": _("Choose the purpose.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("In a few words: for what, and who will get the file. Name no person."),
        error_messages={"required": _("Say in a few words what the file is for.")},
    )
    format = forms.ChoiceField(
        label=_("Format"), choices=ExportFormat.choices, initial=ExportFormat.XLSX, widget=forms.RadioSelect
    )

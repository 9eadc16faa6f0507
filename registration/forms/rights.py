"""What does somebody fill in about what a person asks for, about the answer, and about the statement of their data?"""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import Day, words
from registration.enums.rights import AskedBy, IdentityCheck, RightsChannel, RightsKind, RightsStatus

_TOLD = _("The person is told this. It is stored encrypted.")


class RightsForm(forms.Form):
    """What a person asks for."""

    kind = forms.ChoiceField(label=_("Asked for"), choices=[("", _("Choose")), *RightsKind.choices])
    received_on = forms.DateField(
        label=_("Received on"), widget=Day(), help_text=_("From this day the month runs in which we answer.")
    )
    channel = forms.ChoiceField(label=_("How it reached us"), choices=RightsChannel.choices)
    asked_by = forms.ChoiceField(label=_("Who asks"), choices=AskedBy.choices)
    what = words(_("What they say"), 2000, help_text=_("In their words. It is stored encrypted."))


class LongerForm(forms.Form):
    """Why the answer takes longer."""

    reason = words(_("Reason"), 1000, help_text=_TOLD)


class AnswerForm(forms.Form):
    """What comes of it."""

    to = forms.ChoiceField(
        label=_("Decision"),
        choices=[(one.value, one.label) for one in (RightsStatus.GRANTED, RightsStatus.REFUSED)],
        widget=forms.RadioSelect,
    )
    text = words(_("Answer, with the reason"), 2000, help_text=_TOLD)


class StatementForm(forms.Form):
    """To whom the statement is given, and in which language."""

    identity = forms.ChoiceField(
        label=_("How did you check who they are?"),
        choices=[("", _("Choose")), *IdentityCheck.choices],
        help_text=_("It is recorded with the statement. Without a check, nobody is given anything."),
    )
    language = forms.ChoiceField(label=_("Language of the person"))

    def __init__(self, *args: object, languages: dict[str, str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["language"].choices = list(languages.items())  # type: ignore[attr-defined]

"""What do people fill in about agreements that stand? (Drawing one up: agencies.forms.drafts.)"""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from agencies.enums import AgreementStatus
from agencies.forms.fields import Day, narrowed_by


class AgreementFilter(forms.Form):
    """Narrows the list of agreements."""

    side = narrowed_by(
        gettext_lazy("Direction"),
        gettext_lazy("Both"),
        [("given", gettext_lazy("We share")), ("received", gettext_lazy("We receive"))],
    )
    status = narrowed_by(gettext_lazy("Status"), gettext_lazy("Any status"), AgreementStatus.choices)


class EndForm(forms.Form):
    """Ends or suspends an agreement, or cuts a partner off."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("The other agency reads it. Name no person."),
    )


class DocumentForm(forms.Form):
    """Adds a signed paper."""

    document = forms.FileField(
        label=gettext_lazy("Signed document"),
        max_length=120,
        help_text=gettext_lazy("A PDF of at most 10 MB. Both agencies can read it; it cannot be removed."),
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf"}),
    )


class ReviewForm(forms.Form):
    """Keeps an agreement after a look at it."""

    review_on = forms.DateField(label=gettext_lazy("Next review"), widget=Day())

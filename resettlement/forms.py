"""What do people fill in about a referral?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Agreement
from resettlement.enums import Service, Urgency


class AgreementField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice among agreements, by the partner's name."""

    def label_from_instance(self, obj: Any) -> str:
        """Return "Helping Hands: Status of claims (A-26-…)"."""
        return _("%(agency)s: %(title)s (%(reference)s)") % {
            "agency": obj.recipient,
            "title": obj.title,
            "reference": obj.reference,
        }


class ReferralForm(forms.Form):
    """Refers a case to the partner of one of the agreements that cover its person."""

    agreement = AgreementField(
        Agreement.objects.none(),
        label=gettext_lazy("Partner and agreement"),
        widget=forms.RadioSelect,
        empty_label=None,
        help_text=gettext_lazy("The partner sees of the person what the agreement shows, no more."),
    )
    service = forms.ChoiceField(label=gettext_lazy("What for"), choices=Service.choices)
    urgency = forms.ChoiceField(
        label=gettext_lazy("How soon"), choices=Urgency.choices, initial=Urgency.NORMAL
    )
    message = forms.CharField(
        label=gettext_lazy("Message"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=gettext_lazy(
            "The partner reads all of it. Write nothing that the agreement does not show."
        ),
    )

    def __init__(self, *args: Any, agreements: QuerySet[Agreement], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["agreement"]
        assert isinstance(field, AgreementField)  # noqa: S101 - tells the type checker
        field.queryset = agreements


class AnswerForm(forms.Form):
    """Answers a referral; a refusal needs its reason."""

    to = forms.ChoiceField(choices=[("accepted", ""), ("declined", ""), ("done", "")])
    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=gettext_lazy("The agency that referred the case reads it. A reason is needed to decline."),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the reason of a refusal."""
        given = super().clean() or {}
        if given.get("to") == "declined" and not given.get("answer"):
            self.add_error("answer", _("Say why you decline, so that the case can go elsewhere."))
        return given

"""What do people fill in about a referral or a hand-over?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.forms.fields import narrowed_by, words
from agencies.models import Agreement
from resettlement.enums import HandoverKind, ReferralOutcome, ReferralStatus, Service, Urgency
from resettlement.reports import REFERRAL


class AgreementField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice among agreements, by the partner's name."""

    partner = "recipient"

    def label_from_instance(self, obj: Any) -> str:
        """Return "Helping Hands: Status of claims (A-26-…)"."""
        return _("%(agency)s: %(title)s (%(reference)s)") % {
            "agency": getattr(obj, self.partner),
            "title": obj.title,
            "reference": obj.reference,
        }


def _agreement(help_text: Any) -> AgreementField:
    return AgreementField(
        Agreement.objects.none(),
        label=gettext_lazy("Partner and agreement"),
        widget=forms.RadioSelect,
        empty_label=None,
        help_text=help_text,
    )


def _urgency() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=gettext_lazy("How soon"),
        choices=Urgency.choices,
        initial=Urgency.NORMAL,
        help_text=gettext_lazy(
            "An answer is due in 24 hours (emergency), 3 days (urgent) or 14 days (normal)."
        ),
    )


class _Proposal(forms.Form):
    """What a referral and a hand-over have in common: an agreement to choose."""

    def __init__(
        self, *args: Any, agreements: QuerySet[Agreement], partner: str = "recipient", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["agreement"]
        assert isinstance(field, AgreementField)  # noqa: S101 - tells the type checker
        field.partner, field.queryset = partner, agreements
        if len(agreements) == 1:
            field.initial = agreements[0].pk


class ReferralForm(_Proposal):
    """Refers a case to the partner of one of the agreements that cover its person."""

    agreement = _agreement(gettext_lazy("The partner sees of the person what the agreement shows, no more."))
    service = forms.ChoiceField(
        label=gettext_lazy("What for"), choices=[("", gettext_lazy("Choose")), *Service.choices]
    )
    urgency = _urgency()
    message = words(
        gettext_lazy("Message"),
        2000,
        rows=5,
        required=False,
        help_text=gettext_lazy(
            "The partner reads all of it. Write nothing that the agreement does not show."
        ),
    )


class HandoverForm(_Proposal):
    """Offers a household to a partner, or asks the responsible agency for it."""

    agreement = _agreement(gettext_lazy("It must cover everybody in the household."))
    urgency = _urgency()
    reason = words(
        gettext_lazy("Reason"),
        2000,
        rows=5,
        help_text=gettext_lazy(
            "The partner reads all of it. Write nothing that the agreement does not show."
        ),
    )


class MessageForm(forms.Form):
    """Writes to the other agency on a referral."""

    text = words(
        gettext_lazy("Message"),
        2000,
        help_text=gettext_lazy("Both agencies read it. Write nothing that the agreement does not show."),
    )


class _Answer(forms.Form):
    """What the answers to a referral and to a hand-over have in common: a refusal needs its reason."""

    def clean(self) -> dict[str, Any]:
        """Ask for the reason of a refusal."""
        given = super().clean() or {}
        if given.get("to") == "declined" and not given.get("answer"):
            self.add_error("answer", _("Say why you decline, so that the case can go elsewhere."))
        return given


class AnswerForm(_Answer):
    """Answers a referral; a refusal needs its reason, the end its outcome."""

    to = forms.ChoiceField(choices=[("accepted", ""), ("declined", ""), ("under_way", ""), ("done", "")])
    answer = words(
        gettext_lazy("Answer"),
        500,
        required=False,
        help_text=gettext_lazy("The agency that referred the case reads it. A reason is needed to decline."),
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("What came of it"),
        required=False,
        choices=[("", gettext_lazy("Choose when it is done")), *ReferralOutcome.choices[1:]],
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the outcome at the end; before the end there is none."""
        given = super().clean()
        if given.get("to") != "done":
            given["outcome"] = ""
        elif not given.get("outcome"):
            self.add_error("outcome", _("Say what came of it."))
        return given


class HandoverAnswerForm(_Answer):
    """Accepts or declines a hand-over; a refusal needs its reason."""

    to = forms.ChoiceField(choices=[("accepted", ""), ("declined", "")])
    answer = words(
        gettext_lazy("Answer"),
        500,
        required=False,
        help_text=gettext_lazy("The other agency reads it. A reason is needed to decline."),
    )


class InboxFilter(forms.Form):
    """Narrows the list of referrals and hand-overs."""

    side = forms.CharField(required=False, widget=forms.HiddenInput)
    kind = narrowed_by(
        gettext_lazy("Kind"),
        gettext_lazy("All"),
        [(REFERRAL, gettext_lazy("Referral")), *HandoverKind.choices],
    )
    status = narrowed_by(gettext_lazy("Status"), gettext_lazy("All"), ReferralStatus.choices)
    urgency = narrowed_by(gettext_lazy("How soon"), gettext_lazy("All"), Urgency.choices)

"""What does an agency keep about a person, as it tells the person themselves; what does it leave out, and why?

GDPR article 15(1) and (3), UNHCR policy on the protection of personal data (2015) part 3. Left out is what is about other people
(article 15(4)), and what would bring the person or somebody else into danger if others read the paper. The paper always says that
something may have been left out, whether or not it was: else that sentence alone would tell.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.access import Viewer
from cases.models import Claim
from refugeecm.core.templatetags.ui import fmt_date
from refugeecm.core.words import headed
from registration.actions.sealing import Opener
from registration.enums import AttachmentKind
from registration.models import (
    Attachment,
    BiometricReference,
    Document,
    FurtherName,
    Household,
    Individual,
    IssuedDocument,
    Movement,
    PastMembership,
    Photo,
    Presence,
    PriorProtection,
    Relative,
    RightsRequest,
    SpecificNeed,
    Survivor,
    TracingRequest,
    VerificationTarget,
)
from registration.reports import said
from resettlement.models import Referral

Text = str | Promise
EACH = 100  # rows of a kind

# What is told of each kind of record, in this order. A test holds that every field stands here or below.
TOLD: dict[Any, tuple[Text, str]] = {
    Individual: (
        _("You"),
        (
            "number given_name father_name family_name native_name mother_name sex birth_date birth_precision"
            " birth_estimated birth_place birth_country birth_area nationality other_nationalities"
            " nationality_status origin_country origin_area marital_status languages education occupation religion"
            " ethnicity phone email household relationship joined_on legal_status legal_status_on status_basis"
            " status_basis_on status_category status_category_on process_status process_status_on process_reason"
            " process_reason_on level event site source_ref registered_on said_to_agree"
        ),
    ),
    Household: (
        _("Your group"),
        "number event site area registered_on arrived_on origin_country source_ref level closed_on closing_reason",
    ),
    PastMembership: (_("Groups that you were in before"), "household relationship since until reason"),
    FurtherName: (_("Other names of yours"), "kind name"),
    Document: (_("Papers that you showed"), "kind number"),
    IssuedDocument: (_("Papers that we gave you"), "kind number status dated_on until"),
    Photo: (_("Your photo"), "taken_at"),  # and the picture itself
    BiometricReference: (_("Fingerprints or irises"), "system reference checked_on"),
    Relative: (_("Relatives elsewhere whom you named"), "relationship"),
    PriorProtection: (_("Protection elsewhere before"), "country held number evidence reason"),
    Movement: (_("Where you came from and went"), "on kind site from_site country"),
    Presence: (_("Days at our sites"), "day site first_seen last_seen left_at"),
    Survivor: (_("Your rescue at sea"), "incident"),
    TracingRequest: (
        _("Relatives whom we look for with you"),
        "relationship status consent_on withdrawn_on made_at",
    ),
    VerificationTarget: (_("Verifications of our lists"), "site appointment_on result lapsed_on"),
    SpecificNeed: (_("Needs that we noted"), "code status priority identified_on note"),
    Claim: (_("Your claim for asylum"), "number made_on status status_since outcome opened_at"),
    Referral: (_("Whom we asked to help you"), "recipient service status made_at"),
    Attachment: (_("Files about you"), "kind added_at status"),
    RightsRequest: (
        _("What you asked for"),
        "kind received_on due_on status what extension answer answered_at",
    ),
}
_MACHINERY, _STAFF = "a reference of the machine", "who of the staff did it: about somebody else"
_OTHERS = "about other people, whom nobody asked (GDPR article 15(4))"
_OUR_WORK = "how the work is organised, nothing about the person"
# Why a field is not told. `agency` is at the head of the statement, `individual` is the person.
LEFT_OUT: dict[str, str] = {
    "*.id": _MACHINERY,
    "*.agency": "named at the head of the statement",
    "*.individual": "the person",
    "registration.individual.merged_into": "the statement is given of the record that goes on",
    "registration.household.focal_name": _OTHERS,
    "registration.household.counted": _OTHERS,
    **dict.fromkeys(
        (
            f"registration.tracingrequest.{one}"
            for one in (
                "given_name",
                "father_name",
                "family_name",
                "native_name",
                "mother_name",
                "sex",
                "birth_date",
                "birth_precision",
                "birth_place",
                "nationality",
                "last_seen",
            )
        ),
        _OTHERS,
    ),
    "registration.tracingrequest.consent_language": _OUR_WORK,
    "registration.tracingrequest.searched_at": _OUR_WORK,
    "registration.tracingrequest.made_by": _STAFF,
    "registration.priorprotection.recorded_by": _STAFF,
    "registration.priorprotection.recorded_at": _OUR_WORK,
    "registration.movement.noted_by": _STAFF,
    "registration.movement.noted_at": _OUR_WORK,
    "registration.presence.noted_by": _STAFF,
    **dict.fromkeys(
        (
            f"registration.verificationtarget.{one}"
            for one in ("exercise", "household_id", "noted_at", "told_at", "mailed")
        ),
        _OUR_WORK,
    ),
    "registration.verificationtarget.noted_by": _STAFF,
    **dict.fromkeys(
        (
            f"resettlement.referral.{one}"
            for one in ("claim", "agreement", "urgency", "due_at", "status_since", "answer", "outcome")
        ),
        _OUR_WORK,
    ),
    "resettlement.referral.individual_id": "the person",
    "resettlement.referral.message": "in words of the staff to the partner, often of others",
    "resettlement.referral.made_by": _STAFF,
    "registration.photo.image": "shown as a picture",
    "registration.relative.name": _OTHERS,
    "registration.relative.country": _OTHERS,
    "registration.relative.whereabouts": _OTHERS,
    "registration.relative.number": _OTHERS,
    "registration.biometricreference.result": "a hit in a database is not told: Screening Regulation article 17(3)",
    "registration.specificneed.restricted": "restricted needs are told in private, never on paper: whoever reads it may be the danger",
    "registration.specificneed.identified_by": _STAFF,
    "registration.specificneed.reviewed_at": _OUR_WORK,
    "registration.specificneed.reviewed_by": _STAFF,
    "cases.claim.opened_by": _STAFF,
    "cases.claim.version": _MACHINERY,
    "cases.claim.proposed_outcome": "no decision yet: a second person has to approve it",
    "cases.claim.proposed_by": _STAFF,
    "cases.claim.proposed_at": _OUR_WORK,
    "registration.pastmembership.noted_by": _STAFF,
    "registration.issueddocument.issuer": "printed on the paper",
    "registration.issueddocument.household": "the group's number is told above",
    **dict.fromkeys(
        (
            f"registration.issueddocument.{one}"
            for one in ("stock", "language", "prints", "reason", "batch", "given_at", "over_at")
        ),
        _OUR_WORK,
    ),
    **dict.fromkeys(
        (f"registration.issueddocument.{one}" for one in ("drafted_by", "issued_by", "ended_by")), _STAFF
    ),
    "registration.attachment.title": "in words of the staff, often of others",
    "registration.attachment.reason": "as the title",
    **dict.fromkeys(
        (
            f"registration.attachment.{one}"
            for one in ("size", "media_type", "scanned_at", "finding", "withdrawn_at")
        ),
        _OUR_WORK,
    ),
    "registration.attachment.added_by": _STAFF,
    "registration.attachment.withdrawn_by": _STAFF,
    **dict.fromkeys(
        (f"registration.rightsrequest.{one}" for one in ("recorded_by", "extended_by", "answered_by")), _STAFF
    ),
    **dict.fromkeys(
        (
            f"registration.rightsrequest.{one}"
            for one in ("channel", "asked_by", "recorded_at", "extended_at")
        ),
        _OUR_WORK,
    ),
}
# Kinds of records that name a person, of which nothing is told here.
KINDS_LEFT_OUT: dict[str, str] = {
    "registration.consent": "told in a part of its own, with whom it is about",
    "registration.personaccess": "which agreements cover the person: what they showed is told in the part on who has seen what",
    "registration.personkey": _MACHINERY,
    "registration.sealedfile": "that a file is sealed protects; on paper it would tell that there is something to hide",
    "registration.conflictofinterest": "about the staff",
    "registration.indicatorassessment": "signs of trafficking are told in private: whoever reads the paper may be the danger",
    **dict.fromkeys(
        (
            "registration.safeguard",
            "registration.guardian",
            "registration.protectionstep",
            "registration.deadline",
        ),
        "the safeguards of a child are told in a private talk, with whoever acts for the child",
    ),
    "registration.tracingmatch": "about somebody else, who answers for themselves",
    "registration.erasure": "told as the answer to what the person asked",
    "registration.legalhold": "may tell of proceedings that it protects",
    "registration.matchcandidate": "about somebody else's record, too",
    "registration.matchquestion": "about somebody else's record, too",
}


@dataclass(frozen=True)
class Part:
    """One kind of record: its heading, and of each row (label, value) of what is known."""

    heading: Text
    rows: list[list[tuple[str, Any]]]
    picture: str = ""  # address of a picture, with the picture in it


def parts(person: Individual, viewer: Viewer, opener: Opener) -> Iterator[Part]:
    """Yield what is kept of a person, opened and in the current language. One statement for each kind, and one for the keys."""
    for model, (heading, fields) in TOLD.items():
        rows = _rows(model, person, viewer)
        if told := [one for row in rows if (one := _line(row, fields.split(), opener))]:
            picture = ""
            if isinstance(rows[0], Photo) and (image := opener.content(rows[0])):
                picture = f"data:image/jpeg;base64,{b64encode(image).decode()}"
            yield Part(heading, told, picture)


def dates(person: Individual, viewer: Viewer) -> list[tuple[str, Any]]:
    """Return the days that the person should know: until when papers are good, and by when what they asked is answered."""
    papers = (
        IssuedDocument.objects.visible_to(viewer).filter(individual=person).in_force().exclude(until=None)
    )
    asked = RightsRequest.objects.visible_to(viewer).filter(individual=person).to_answer()
    found = [
        (one.until, gettext("%(paper)s is valid until"), one.get_kind_display()) for one in papers[:EACH]
    ]
    found += [
        (one.due_on, gettext("We answer by: %(paper)s"), one.get_kind_display()) for one in asked[:EACH]
    ]
    return [
        (says % {"paper": what}, fmt_date(day))
        for day, says, what in sorted(found, key=lambda one: str(one[0]))
    ]


def _rows(model: Any, person: Individual, viewer: Viewer) -> Sequence[Any]:
    if model is Individual:
        return [person]
    if model is Household:
        return [person.household]
    rows = model.objects.visible_to(viewer).filter(individual_id=person.pk, agency_id=viewer.agency_id)
    if model is SpecificNeed:
        rows = rows.filter(restricted=False)
    if model is Attachment:
        rows = rows.exclude(kind=AttachmentKind.MEDICAL)
    if related := [one for one in TOLD[model][1].split() if model._meta.get_field(one).is_relation]:
        rows = rows.select_related(*related)
    return list(rows.order_by("-pk")[:EACH])


def _line(row: Any, fields: Sequence[str], opener: Opener) -> list[tuple[str, Any]]:
    """Return (label, value) of the fields of a row in which anything stands."""
    found = []
    for name in fields:
        field = row._meta.get_field(name)
        value = row.label if (isinstance(row, SpecificNeed) and name == "code") else said(row, field, opener)
        if value not in (None, "", "–"):
            found.append((headed(field), value))
    return found

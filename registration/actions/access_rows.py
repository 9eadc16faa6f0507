"""Who is covered by which agreement? The rows are written here, set-based, and nowhere else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection

from agencies.models import Agreement
from registration.models import OF_ORIGIN

# A person is covered when every part of the population that is given fits and, where the agreement rests on consent, they have given
# it to this recipient for this purpose. Sealed files, and people whose objection
# or restriction was granted, are covered by nothing. The authorities of a person's own country get nothing
# (Asylum Procedures Regulation (EU) 2024/1348 article 7(2)(a)), but for a return that the person wants and two people have confirmed.
_COVER = """
    INSERT INTO registration_personaccess (agency_id, owner_id, agreement_id, individual_id, household_id, consent_id)
    SELECT a.recipient_id, i.agency_id, a.id, i.id, i.household_id, c.id
    FROM registration_individual i
    JOIN agencies_agreement a ON a.provider_id = i.agency_id AND a.status IN ('preparing', 'active', 'suspended')
    JOIN agencies_agency r ON r.id = a.recipient_id
    JOIN agencies_agency own ON own.id = i.agency_id
    LEFT JOIN registration_influxevent e ON e.id = i.event_id
    LEFT JOIN LATERAL (
        SELECT c.id, c.confirmed_again_by_id FROM registration_consent c
        WHERE (a.legal_basis = 'consent' OR a.purpose = 'voluntary_return')
          AND c.individual_id = i.id AND c.recipient_id = a.recipient_id AND c.purpose = a.purpose AND c.withdrawn_at IS NULL
    ) AS c ON true
    WHERE (a.event_slug = '' OR a.event_slug = e.slug)
      AND (a.asylum = '' OR a.asylum = COALESCE(e.country, own.country))
      AND (a.site = '' OR a.site = i.site)
      AND (a.origin = '' OR a.origin = COALESCE(NULLIF(i.origin_country, ''), i.nationality))
      AND (c.id IS NOT NULL OR NOT (a.legal_basis = 'consent' OR a.purpose = 'voluntary_return'))
      AND (NOT (r.kind = 'government' AND {of_origin})
           OR a.purpose = 'voluntary_return' AND c.confirmed_again_by_id IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM registration_sealedfile s WHERE s.individual_id = i.id AND s.lifted_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM registration_rightsrequest q WHERE q.individual_id = i.id
                      AND q.status = 'granted' AND q.kind IN ('objection', 'restriction'))
      AND {which}
    ON CONFLICT (agreement_id, individual_id)
    DO UPDATE SET household_id = EXCLUDED.household_id, consent_id = EXCLUDED.consent_id
"""


def cover_individuals(individuals: Sequence[uuid.UUID], *, fresh: bool = False) -> None:
    """Write anew which agreements cover these people; called by every action that creates or moves a person.

    `fresh` says that they were created in this transaction, so that there is nothing to take away.
    """
    ids = [str(one) for one in individuals]
    with connection.cursor() as cursor:
        if not fresh:
            cursor.execute(
                "DELETE FROM registration_personaccess WHERE individual_id = ANY (%s::uuid[])", [ids]
            )
        cursor.execute(_COVER.format(of_origin=OF_ORIGIN, which="i.id = ANY (%s::uuid[])"), [ids])


def cover_agreement(agreement: Agreement) -> None:
    """Write who is covered by one agreement; run by a worker before it becomes active, in the provider's context."""
    with connection.cursor() as cursor:
        cursor.execute(_COVER.format(of_origin=OF_ORIGIN, which="a.id = %s"), [str(agreement.pk)])

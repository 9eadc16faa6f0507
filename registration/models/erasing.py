"""How does the database erase people, whatever table they stand in, and nobody else?"""

from __future__ import annotations

from refugeecm.core import blanking
from refugeecm.core.wall import Definer, definers

# What is sealed for a while only, and may hold the person among others: the key goes, and with it everybody's rows of that file.
# A person's id begins with the moment of the file that registered them (registration.actions.people.individual_id).
_FILES = """
    batches := ARRAY(SELECT b.id FROM registration_importbatch b WHERE b.key <> ''
        AND (date_trunc('milliseconds', b.created_at) IN (SELECT uuid_extract_timestamp(p) FROM unnest(people) AS p)
             OR EXISTS (SELECT 1 FROM registration_importrow r WHERE r.batch_id = b.id AND r.other = ANY (people))));
    UPDATE registration_importbatch SET key = '' WHERE id = ANY (batches);
    DELETE FROM registration_importpiece WHERE batch_id = ANY (batches);
    UPDATE registration_importchunk SET raw = '', checked = '', probes = '' WHERE batch_id = ANY (batches);
    jobs := ARRAY(SELECT j.id FROM agencies_exportjob j
        WHERE j.status IN ('queued', 'running', 'ready') AND j.agency_id = ANY (told_to));
    DELETE FROM agencies_exportturn WHERE job_id = ANY (jobs);
    DELETE FROM agencies_exportpiece WHERE job_id = ANY (jobs);
    UPDATE agencies_exportjob SET key = '', query = '{{}}', after = '', agreements = '{{}}', status = 'failed', problem = 'hidden'
        WHERE id = ANY (jobs);
"""
# Of the same person: every record of the agency that leads to the same one.
_RECORDS = """
    people := ARRAY(
        WITH RECURSIVE same (id) AS (
            SELECT individual_id FROM registration_erasure WHERE id = ANY (fit)
            UNION SELECT i.id FROM same s JOIN registration_individual n ON n.id = s.id
            JOIN registration_individual i ON i.agency_id = n.agency_id AND (i.merged_into_id = n.id OR i.id = n.merged_into_id)
        ) SELECT id FROM same);
"""


def _body() -> str:
    return f"""
        DECLARE
            fit uuid[]; people uuid[]; houses uuid[]; whole uuid[]; batches uuid[]; jobs uuid[]; told_to int[];
            one record; shape record; ids text[]; done int; told jsonb := '{{{{}}}}'; lines text;
        BEGIN
            PERFORM pg_advisory_xact_lock({blanking.LOCK});
            SELECT array_agg(e.id) INTO fit FROM registration_erasure e WHERE e.id = wanted AND e.agency_id = {{agency}}
                AND e.status = 'approved' AND e.approved_by_id <> e.proposed_by_id;
            IF fit IS NULL THEN RAISE 'erasure: none that two people of the agency decided' USING ERRCODE = '42501'; END IF;
            {_RECORDS}
            IF EXISTS (SELECT 1 FROM registration_individual i JOIN registration_legalhold h
                       ON h.lifted_at IS NULL AND h.agency_id = i.agency_id AND (h.individual_id = i.id OR h.event_id = i.event_id)
                       WHERE i.id = ANY (people))
            THEN RAISE 'erasure: a legal hold stands' USING ERRCODE = '42501'; END IF;
            IF EXISTS (SELECT 1 FROM registration_individual i WHERE i.id = ANY (people)
                       AND (i.process_status IN ('A', 'H') OR i.agency_id <> {{agency}}))
            THEN RAISE 'erasure: a record is open, or another agency''s' USING ERRCODE = '42501'; END IF;
            houses := ARRAY(SELECT DISTINCT i.household_id FROM registration_individual i WHERE i.id = ANY (people));
            whole := ARRAY(SELECT h FROM unnest(houses) AS h WHERE NOT EXISTS (SELECT 1 FROM registration_individual i
                WHERE i.household_id = h AND i.id <> ALL (people) AND EXISTS (SELECT 1 FROM registration_personkey k
                    WHERE k.individual_id = i.id)));
            told_to := ARRAY(SELECT {{agency}} UNION SELECT p.agency_id FROM registration_personaccess p
                    WHERE p.individual_id = ANY (people)
                UNION SELECT s.predecessor_id FROM core_succession s WHERE s.subject_id = ANY (people)
                UNION SELECT i.agency_id FROM registration_individual n JOIN registration_individual i
                    ON i.merged_into_id = n.id OR i.id = n.merged_into_id WHERE n.id = ANY (people));
            {_FILES}
            DELETE FROM registration_personaccess WHERE individual_id = ANY (people);
            DELETE FROM registration_personkey WHERE individual_id = ANY (people);
            {blanking.loop()}
            RETURN jsonb_build_object('people', to_jsonb(people), 'tell', to_jsonb(told_to), 'files', cardinality(batches),
                                      'exports', cardinality(jobs), 'rows', told);
        END
    """


_READS = (
    "registration_legalhold", "core_sealshape", "core_seal", "core_event", "core_succession", "registration_importrow",
)  # fmt: skip
definers.append(
    Definer(
        name="registration_erase",
        arguments="wanted uuid, act uuid",
        returns="jsonb",
        language="plpgsql",
        volatile=True,
        settings=blanking.AS_SEALED,
        reads=_READS,
        writes=lambda: (
            "registration_personkey", "registration_personaccess", "registration_importbatch", "registration_importpiece",
            "registration_importchunk", "agencies_exportjob", "agencies_exportpiece", "agencies_exportturn", *blanking.tables(),
        ),
        body=_body,
    )
)  # fmt: skip

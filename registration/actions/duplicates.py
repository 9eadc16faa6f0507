"""Who of the register may be one person with somebody else in it? Asked at every entrance, and of everybody once a day."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from agencies.access import Viewer, worker_for
from agencies.models import Agency
from refugeecm.core import crypto, wall
from registration import matching
from registration.actions import asking, candidates, sealing
from registration.actions.normalising import plain
from registration.enums import FoundBy, MatchKind, MatchState
from registration.matching.engine import Known
from registration.models import Individual, MatchCandidate, MatchSweep, MatchWeights
from registration.rules import learning
from registration.rules.comparing import compare
from registration.rules.keys import keys_of
from registration.rules.names import VERSION
from registration.rules.weights import Levels, Names, chances

HOUSEHOLDS = 150  # that are compared with the register in one transaction
AGAIN = timedelta(hours=20)  # after which a register is compared with itself anew
SAMPLE = 20_000  # people from whom an agency's weights are learned
COUNTED = 200_000  # people whose names are counted
ASKING = 4_000  # of the sample, whose pairs in the register are looked at
CROWD = 600  # people behind one key: it is a common name, or the telephone of an office
FEW = 3  # a name that fewer people of the sample have is kept in no table
LABELS = 2000  # decisions of people that are learned from
KEPT = 5  # versions of the weights


def look(*, people: Sequence[Individual], found_by: FoundBy, by: Viewer, now: datetime) -> int:
    """Compare people of the viewer's agency with everybody whom the viewer may see; note the pairs, return how many are new.

    Families should come in one call. Nobody is compared with their own household, nor a record that was merged into another. The sweep
    also finds whom other agencies may know, of which nothing is said here.
    """
    standing = [one for one in people if one.merged_into_id is None]
    if not standing:
        return 0
    persons = plain(standing, sealing.Opener([one.pk for one in standing]))
    secret = crypto.derived("keys")
    found = matching.candidates(
        list(persons.values()),
        viewer=by,
        keys=[keys_of(person, secret=secret) for person in persons.values()],
        households=[one.household_id for one in standing],
    )
    pairs = []
    for one, some in zip(standing, found, strict=True):
        for other in some:
            newer, older = sorted((one.pk, other.individual_id), reverse=True)
            kind = MatchKind.SAME if other.same else MatchKind.RELATIVE
            pairs.append(candidates.Pair(newer, older, other.score, other.evidence, kind))
    noted = candidates.note(pairs, found_by=found_by, by=by, now=now)
    if found_by == FoundBy.SWEEP:
        asking.note_likely(persons, by=by)
    return noted


@transaction.atomic
def sweep(*, agency: Agency, now: datetime) -> int:
    """Compare the next households of an agency's register with all of it; return how many, 0 when there is nothing to do today.

    A worker that dies leaves the position where it was; two do not do the same. After an upgrade it waits until everybody's keys are
    of the present rules (normalising.renew): by older ones people are not found, and the day would be over.
    """
    wall.enter(agency_id=agency.pk, user_id=None, reason="matching.sweep")
    MatchSweep.objects.get_or_create(agency=agency, defaults={"begun_at": now})
    state = MatchSweep.objects.select_for_update(skip_locked=True).filter(agency=agency).first()
    if state is None or (state.done_at is not None and now - state.begun_at < AGAIN):
        return 0
    if state.done_at is not None:
        state.begun_at, state.done_at, state.position, state.pairs = now, None, None, 0
    own = Individual.objects.filter(agency=agency)
    if own.filter(normalised_by__lt=VERSION).exists():
        return 0
    after = own.filter(household__gt=state.position) if state.position else own
    houses = list(after.order_by("household").values_list("household", flat=True).distinct()[:HOUSEHOLDS])
    if houses:
        people = list(own.filter(household__in=houses).standing())
        state.pairs += look(people=people, found_by=FoundBy.SWEEP, by=worker_for(agency), now=now)
        state.position = houses[-1]
    if len(houses) < HOUSEHOLDS:
        state.done_at = now
    state.save()
    return len(houses)


@transaction.atomic
def learn(*, agency: Agency, now: datetime) -> MatchWeights:
    """Learn from an agency's register what agreement is worth in it; the weights count from the next question on.

    Memory: the names of at most COUNTED people, the records of SAMPLE.
    """
    wall.enter(agency_id=agency.pk, user_id=None, reason="matching.learn")
    viewer = worker_for(agency)
    own = Individual.objects.filter(agency=agency)
    people = own.count()
    register = matching.VisibleRegister(viewer)
    sample = register.members(_some_households(agency, people, SAMPLE))
    names = Names()
    for part in _parts(_some_households(agency, people, COUNTED)):
        for known in register.members(part).values():
            names.count(known.record)
    names.forget_rare(FEW)
    levels, found = _pairs_of(sample, register, names)
    everybody = [(known.household, known.record) for known in sample.values()]
    among = Individual.objects.visible_to(
        viewer
    ).count()  # a partner's people are as easily taken for somebody
    weights = learning.learn(
        names,
        people=among,
        candidates=learning.arrays(levels, found),
        alike=learning.strangers(everybody),
        any_two=learning.anybody(everybody),
        kin=learning.relatives(everybody),
        decided=_decided(agency),
    )
    kept = MatchWeights.objects.create(
        agency=agency, learned_at=now, people=among, pairs=len(levels), tables=learning.tables_of(weights),
        names=names.keep(), crowded=_crowded(agency),
    )  # fmt: skip
    old = MatchWeights.objects.filter(agency=agency).order_by("-pk").values_list("pk", flat=True)[KEPT:]
    MatchWeights.objects.filter(pk__in=list(old)).delete()
    return kept


def _some_households(agency: Agency, people: int, wanted: int) -> list[uuid.UUID]:
    """Return households with about so many people, the same each time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT household_id FROM registration_individual"
            " WHERE agency_id = %s AND abs(hashtext(household_id::text)) %% %s = 0",
            [agency.pk, max(-(-people // wanted), 1)],
        )
        return [row[0] for row in cursor.fetchall()]


def _parts(houses: Sequence[uuid.UUID]) -> list[Sequence[uuid.UUID]]:
    return [houses[start : start + 1000] for start in range(0, len(houses), 1000)]


def _pairs_of(
    sample: Mapping[uuid.UUID, Known], register: matching.VisibleRegister, names: Names
) -> tuple[list[tuple[int, ...]], list[list[float]]]:
    """Compare some people of the sample with those of the register who share a key with them, their own households left out."""
    asking = Individual.objects.filter(pk__in=list(sample)[:ASKING])
    persons = plain(list(asking), sealing.Opener([one.pk for one in asking]))
    secret = crypto.derived("keys")
    levels, found = [], []
    for some in _parts(list(persons)):
        probes = [matching.probe_of(persons[one], keys_of(persons[one], secret=secret)) for one in some]
        hits, known = matching.found_by_keys(probes, register)
        for place, ref in hits:
            record = probes[place].record
            if known[ref].household == sample[some[place]].household:
                continue
            agree, shared = compare(record, known[ref].record)
            levels.append(agree)
            found.append(chances(names, record, agree, shared))
    return levels, found


def _decided(agency: Agency) -> Levels:
    """Return how the records agree of which people have said that they are one person: the latest of them."""
    same = MatchCandidate.objects.filter(agency=agency, state=MatchState.SAME).order_by("-decided_at")
    kept = same.values_list("evidence", flat=True)[:LABELS]
    return learning.arrays([learning.levels_of(evidence) for evidence in kept], [])[0]


def _crowded(agency: Agency) -> list[int]:
    """Return the keys of too many people of an agency; search keys of one name part are among them, and are asked by nobody here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM (SELECT unnest(keys) AS key FROM registration_individual WHERE agency_id = %s) AS k"
            " GROUP BY key HAVING count(*) > %s",
            [agency.pk, CROWD],
        )
        return [row[0] for row in cursor.fetchall()]

"""How does a register of a million people come to be, for figures about reading it? Once; then it is kept and used again.

Everybody is registered by the action that registers people, in batches: names, search keys, sealed numbers, history, events and
access rows are real. Claims are written by one statement, as migrations would.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import count
from pathlib import Path

from django.db import connection, transaction

from agencies.enums import Channel
from refugeecm.demonstration import arrivals_file, dealings, names, world
from refugeecm.demonstration import cast as casting
from refugeecm.demonstration.cast import Cast
from refugeecm.demonstration.scratch import Ground
from registration.actions import events, people
from registration.models import InfluxEvent

BATCH = 5_000
YEAR = timedelta(days=365)
FIRST = 0.05  # the first wave: the oldest people, whom one agreement covers as an event
SITE = "CAMP-SHARED"  # one site of twenty, whom another agreement covers, scattered over the year
SITES = (SITE, *(f"CAMP-{letter}" for letter in "ABCDEFGHIJKLMNOPQRS"))
OWN = 0.01  # what the partner has registered itself
PARTNER, EARLY = "UNRA", "OPENDOOR"  # who may see the site, and who the first wave

# Shares as in the demonstration world (dealings): a claim for three people in ten, in every status.
_CLAIMS = """
    INSERT INTO cases_claim (id, agency_id, number, individual_id, status, status_since, outcome, made_on, opened_by_id, opened_at,
                             proposed_outcome, proposed_by_id, proposed_at, version)
    SELECT gen_random_uuid(), agency_id, regexp_replace(number, '-', '-C-'), id, status, since,
           CASE WHEN status <> 'decided' THEN '' WHEN part % 2 = 0 THEN 'recognised' ELSE 'rejected' END,
           registered_on, NULL, since, '', NULL, NULL, 1
    FROM (
        SELECT *, registered_on + (part % 60 + 1) * interval '1 day' AS since,
               CASE WHEN part < 26 THEN 'registered' WHEN part < 60 THEN 'examination' WHEN part < 67 THEN 'suspended'
                    WHEN part < 72 THEN 'withdrawn' ELSE 'decided' END AS status
        FROM (SELECT *, abs(hashtext(id::text || 'part')) % 100 AS part FROM registration_individual
              WHERE abs(hashtext(id::text)) % 10 < 3) AS chosen
    ) AS placed
    ORDER BY id
"""


def name_of(size: int) -> str:
    """Return the name of the kept database: it says the size and what made it, so that a change of that makes a new one."""
    made_by = [Path(__file__), *(Path(one.__file__ or "") for one in (arrivals_file, names))]
    version = blake2b(b"".join(one.read_bytes() for one in made_by), digest_size=5).hexdigest()
    return f"bench_{size}_{version}"


def stand(ground: Ground, size: int, *, now: datetime, say: Callable[[str], None]) -> str:
    """Return the name of a database with so many people, made now unless it is there already."""
    name = name_of(size)
    ground.drop(f"bench_{size}_*", but=name)
    if ground.kept(name, lambda building: _build(ground, building, size, now=now, say=say)):
        ground.run(name, "VACUUM ANALYZE", "CHECKPOINT")
    return name


def _build(ground: Ground, name: str, size: int, *, now: datetime, say: Callable[[str], None]) -> None:
    with ground.using(name):
        cast = casting.gather([], now=now - 2 * YEAR)
        covered = {"starts_on": (now - YEAR).date(), "ends_on": (now + 5 * YEAR).date()}
        shown = {"classes": ["C1", "C2", "C3"], "channels": [Channel.PAGES, Channel.API], **covered}
        dealings.agree(cast, "BORDER", PARTNER, now=now - YEAR, title="One site", site=SITE, **shown)
        first, main = (_event(cast, slug, now=now - YEAR) for slug in ("first-wave", "main"))
        dealings.agree(
            cast, "BORDER", EARLY, now=now - YEAR, title="First wave", event_slug=first.slug, **shown
        )
        _register(cast, (PARTNER, "paula"), main, int(size * OWN), now=now, seed=1, say=say)
        early = int(size * FIRST)
        _register(cast, ("BORDER", "amina"), first, early, now=now - YEAR / 2, seed=2, say=say)
        _register(cast, ("BORDER", "amina"), main, size - early, now=now, seed=3, say=say)
    ground.run(name, "ANALYZE", "SET ROLE owner", _CLAIMS)


def _event(cast: Cast, slug: str, *, now: datetime) -> InfluxEvent:
    with transaction.atomic():
        return events.draft(slug=slug, name=f"Arrivals, {slug}", by=cast.act("BORDER", "amina"), now=now)


def _register(
    cast: Cast,
    who: tuple[str, str],
    event: InfluxEvent,
    size: int,
    *,
    now: datetime,
    seed: int,
    say: Callable[[str], None],
) -> None:
    """Register so many people in the half year before `now`, oldest first: ids are in the order of time."""
    writer = arrivals_file.Writer(seed=seed, sites=SITES, day=now.date(), prefix=f"{seed}-")
    batches = -(-size // BATCH)
    for batch in range(batches):
        moment = now - YEAR / 2 * ((batches - batch) / batches)
        writer.day = moment.date()
        ordinals = count()
        arrivals = [
            people.Arrival(
                members=[world.checked(row, now) for row in household],
                ordinals=[next(ordinals) for _one in household],
                source_ref=household[0][arrivals_file.HEADER.index("household_id")],
            )
            for household in writer.households_of(min(BATCH, size - batch * BATCH))
        ]
        with transaction.atomic():
            viewer = cast.act(*who)
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
            people.register(arrivals=arrivals, by=viewer, now=moment, event=event)
        if batch % 20 == 19:
            say(f"{writer.rows:,} people")

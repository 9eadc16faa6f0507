"""Which weights does this agency match with? Those that it learned last, else the shipped ones."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from django.db import connection

from agencies.access import Viewer
from registration.models import MatchWeights
from registration.rules import learning
from registration.rules.weights import Names, Weights

_SMALL = 10_000  # people: before anything is learned the register is counted no further


def weights_for(viewer: Viewer) -> tuple[Weights, Collection[int]]:
    """Return the weights of the viewer's agency, and the keys behind which there are too many people to tell anybody apart."""
    latest = (
        MatchWeights.objects.filter(agency_id=viewer.agency_id)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    if latest is not None:
        return _kept(latest)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM registration_individual WHERE agency_id = %s LIMIT %s) AS few",
            [viewer.agency_id, _SMALL],
        )
        (people,) = cursor.fetchone()
    return learning.shipped(people=people), ()


@lru_cache(maxsize=64)
def _kept(pk: int) -> tuple[Weights, Collection[int]]:
    kept = MatchWeights.objects.get(pk=pk)
    return learning.weights_from(kept.tables, Names.kept(kept.names), people=kept.people), frozenset(
        kept.crowded
    )

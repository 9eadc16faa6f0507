"""How many of a group that was only counted are still to be registered? A count is {sex: {age band: people}}."""

from collections.abc import Iterable, Mapping

Count = Mapping[str, Mapping[str, int]]


def total(counted: Count) -> int:
    """Return how many people a count says there are."""
    return sum(sum(bands.values()) for bands in counted.values())


def left(counted: Count, registered: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return the count without those who are now registered, of whom sex and age band are given.

    Who counts a crowd guesses ages (UNHCR Registration Guidance 6.5): who fits no place that is left takes one of the same sex, or
    any, so that the number falls by one for each person and never below nothing.
    """
    rest = {sex: dict(bands) for sex, bands in counted.items()}
    for sex, band in registered:
        own = [(sex, one) for one in (band, *rest.get(sex, {}))]
        free = [*own, *((other, one) for other, bands in rest.items() for one in bands)]
        place = next((at for at in free if rest.get(at[0], {}).get(at[1])), None)
        if place:
            rest[place[0]][place[1]] -= 1
    return {
        sex: still
        for sex, bands in rest.items()
        if (still := {band: people for band, people in bands.items() if people})
    }

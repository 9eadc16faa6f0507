"""Does what is made of names follow the names, and is it made anew when the rules have changed?"""

from __future__ import annotations

import pytest
from django.db import connection

from registration import search
from registration.actions import normalising
from registration.models import Individual
from registration.rules import names
from registration.tasks import renew_names
from tests.conftest import Cast, acting_as


def columns(family: list[Individual], cast: Cast) -> list[tuple[list[int], str, int]]:
    with acting_as(cast.caseworker.viewer):
        rows = Individual.objects.filter(pk__in=[one.pk for one in family]).order_by("pk")
        return list(rows.values_list(*normalising.NORMALISED))


def history(cast: Cast) -> int:
    with acting_as(cast.caseworker.viewer):
        return Individual.pgh_event_model.objects.count()


def test_a_fold_is_kept_of_the_name_in_each_script_once() -> None:
    assert names.folded("Mariam Abakar", "مريم أبكر") == "mariam abakar mrim abkr"
    assert names.folded("Mariam", "Maryam") == "mariam"
    assert names.folded("", "Олена") == names.fold("Олена")


def test_who_is_registered_has_what_the_worker_would_write(
    cast: Cast, family: list[Individual], monkeypatch: pytest.MonkeyPatch
) -> None:
    written, said = columns(family, cast), history(cast)
    assert all(version == names.VERSION and folded for _keys, folded, version in written)
    assert renew_names() == 0
    monkeypatch.setattr(normalising, "VERSION", names.VERSION + 1)
    monkeypatch.setattr(normalising, "BATCH", 2)
    assert renew_names() == len(family), "in more than one batch"
    assert columns(family, cast) == [(keys, folded, names.VERSION + 1) for keys, folded, _one in written]
    assert history(cast) == said, "nobody has changed anything"
    assert renew_names() == 0


def test_people_of_before_are_found_once_a_worker_was_there(cast: Cast, family: list[Individual]) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer), connection.cursor() as cursor:
        cursor.execute("UPDATE registration_individual SET keys = '{}', folded = '', normalised_by = 0")
        assert not search.named("Maryam Abakkar", viewer=viewer)
    assert renew_names() == len(family)
    with acting_as(viewer):
        assert family[0].pk in search.named("Maryam Abakkar", viewer=viewer)
        assert search.with_phone("0235 66 12 34 56", viewer=viewer) == [family[0].pk]

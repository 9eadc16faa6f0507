"""How does a row change its status? By one table of allowed moves and one conditional UPDATE."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _


def table(statuses: type[models.TextChoices], **moves: str) -> dict[str, frozenset[str]]:
    """Return {status: those it may move to} from codes, with spaces between; a status that is not named is an end.

    Raises ValueError for a code that is no status.
    """
    found = {statuses(was): frozenset(map(statuses, to.split())) for was, to in moves.items()}
    return {one: found.get(one, frozenset()) for one in statuses}


class TransitionNotAllowed(Exception):
    """The row is not, or no longer, in a status from which it may move there; the text may be shown."""


def move(row: models.Model, *, to: str, **changes: Any) -> None:
    """Move the row to status `to`, by the table of its model (`moves`), and set `changes` in the same statement.

    The status is the column `status`, or the one that the model names as `moves_by`.
    The UPDATE names the status it was read in: of two people who press at once, one wins and the other gets TransitionNotAllowed.
    """
    one: Any = row
    column = getattr(type(row), "moves_by", "status")
    was = getattr(one, column)
    # The base manager, because a row that was found visible must not vanish by another filter on the way.
    manager = type(row)._base_manager
    if to not in one.moves[was] or not manager.filter(pk=row.pk, **{column: was}).update(
        **{column: to}, **changes
    ):
        raise TransitionNotAllowed(
            _("This is no longer possible: the status is “%(status)s”. Reload the page to see what changed.")
            % {"status": getattr(one, f"get_{column}_display")()}
        )
    for name, value in {column: to, **changes}.items():
        setattr(row, name, value)


def move_all(rows: models.QuerySet[Any], *, to: str, **changes: Any) -> int:
    """Move those of these rows that may go there (their status is the column `status`), in one statement; return how many."""
    model: Any = rows.model
    sources = [was for was, allowed in model.moves.items() if to in allowed]
    return rows.filter(status__in=sources).update(status=to, **changes)

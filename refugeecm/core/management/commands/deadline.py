"""When does a period end? `./manage.py deadline APR-UAM-1 2026-12-14 --calendar FR` answers as JSON."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from refugeecm.core.deadlines.calendars import Calendar
from refugeecm.core.deadlines.counting import METHODS, Counted, bounds, count
from refugeecm.core.deadlines.rules import UnknownRule, rule


class Command(BaseCommand):
    """Counts one period."""

    help = "Print where a period of law ends, raw and moved to a working day, with its article and its other bounds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A rule, the day of its event, the country that has to act."""
        parser.add_argument("rule", help="for example APR-UAM-1")
        parser.add_argument(
            "date", help="day of the event, or moment where hours are counted (2026-12-14T09:30)"
        )
        parser.add_argument("--calendar", default="", help="country that has to act, ISO 3166-1 (FR or FRA)")
        parser.add_argument(
            "--of", help="day of the event of the rule that this one may not outlast (AM-TC-2: registration)"
        )

    def handle(self, **options: Any) -> None:
        """Count, or say what is wrong."""
        start, calendar = _day(options["date"]), Calendar(options["calendar"].upper())
        if calendar.code and not calendar.known:
            raise CommandError(
                f"No holidays are known of “{calendar.code}”. Name a country by ISO 3166-1, such as FR."
            )
        try:
            one = rule(options["rule"].upper(), on=start)
            ended, others = count(one, start, calendar), bounds(one, start, calendar)
            if options["of"]:
                first = rule(one.of, on=start)
                others[first.id] = count(first, _day(options["of"]), calendar)
        except (UnknownRule, OverflowError) as error:
            raise CommandError(str(error)) from error
        found = _said(ended) | {
            "rule": one.id, "regime": one.regime, "variant": one.variant, "starts": list(one.starts), "kind": one.kind,
            "actor": one.actor, "article": one.article, "consequence": one.consequence, "relation": one.relation, "of": one.of,
            "counted_by": METHODS[one.regime].source, "event": start.isoformat(), "in_force": one.applies_on(ended.start),
            "calendar": calendar.code, "version": ended.version,
            "skipped": {day.isoformat(): why for day, why in ended.skipped},
            "bounds": {name: _said(other) for name, other in others.items()},
        }  # fmt: skip
        if one.relation == "earlier_of" and one.of in others:
            found["legal_end"] = min(ended.legal_end, others[one.of].legal_end).isoformat()
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))


def _day(text: str) -> date:
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is no day. Write it as 2026-12-14.") from error


def _said(ended: Counted) -> dict[str, Any]:
    found: dict[str, Any] = {
        "amount": f"{ended.amount.number} {ended.amount.unit}",
        "raw_end": ended.raw_end.isoformat(),
        "legal_end": ended.legal_end.isoformat(),
    }
    return found | ({"until": ended.until.isoformat()} if ended.until else {})

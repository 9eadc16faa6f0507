"""Which addresses are there, and from which records are their arguments taken?"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.house.world import World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# What each argument of each address names: the kind of record (see Records in world.py), or the words it may be.
# A new address whose arguments are not here fails a test. To teach it: add a line; if it names a new kind of record,
# let Builder in world.py make one, `add` its key and `mark` its fields.
ARGUMENTS: dict[str, dict[str, str | tuple[str, ...]]] = {
    "household": {"pk": "household"},
    "individual": {"pk": "individual"},
    "correct": {"pk": "individual"},
    "facts": {"pk": "individual"},
    "verify-document": {"code": ("ABCDEFGHIJKLMNOPQRSTUVWX", "nonsense")},
    "issued": {"pk": "individual"},
    "issued-new": {"pk": "individual"},
    "issued-group": {"pk": "household"},
    "issued-group-new": {"pk": "household"},
    "issued-print": {"pk": "issued"},
    "issued-give": {"pk": "issued"},
    "issued-change": {"pk": "issued"},
    "print": {"pk": "print"},
    "print-progress": {"pk": "print"},
    "print-file": {"pk": "print"},
    "print-give": {"pk": "print"},
    "print-cancel": {"pk": "print"},
    "place": {"pk": "household"},
    "count-end": {"pk": "household"},
    "photo": {"pk": "individual"},
    "photos": {"pk": "household"},
    "attachments": {"pk": "individual"},
    "attachment-new": {"pk": "individual"},
    "attachment": {"pk": "attachment"},
    "attachment-withdraw": {"pk": "attachment"},
    "disclosures": {"pk": "individual"},
    "statement": {"pk": "individual"},
    "rights-of": {"pk": "individual"},
    "rights-new": {"pk": "individual"},
    "rights-request": {"pk": "rights_request"},
    "rights-longer": {"pk": "rights_request"},
    "rights-withdraw": {"pk": "rights_request"},
    "consents": {"pk": "individual"},
    "consent-new": {"pk": "individual"},
    "consent-withdraw": {"pk": "consent"},
    "consent-confirm": {"pk": "consent"},
    "duplicate": {"pk": "pair"},
    "duplicate-merge": {"pk": "pair"},
    "merge": {"pk": "merge"},
    "protection": {"pk": "individual"},
    "child": {"pk": "child"},
    "child-act": {
        "pk": "child",
        "what": ("guardian", "made-on", "extend", "end", "bia", "bid", "care", "age", "nonsense"),
    },
    "guardian-dismiss": {"pk": "guardian"},
    "step-follow-up": {"pk": "protection_step"},
    "deadline": {"pk": "deadline"},
    "tracing-new": {"pk": "individual"},
    "tracing": {"pk": "tracing"},
    "tracing-act": {"pk": "tracing"},
    "traced": {"pk": "traced"},
    "traced-decide": {"pk": "traced"},
    "need-new": {"pk": "individual"},
    "need-suggested": {"pk": "individual"},
    "needs-restricted": {"pk": "individual"},
    "need-review": {"pk": "need"},
    "movements": {"pk": "household"},
    "elsewhere": {"pk": "individual"},
    "elsewhere-remove": {"pk": "prior"},
    "indicators-of": {"pk": "individual"},
    "indicators": {"pk": "assessment"},
    "incident": {"pk": "incident"},
    "incident-change": {"pk": "incident"},
    "exercise": {"pk": "exercise"},
    "exercise-move": {"pk": "exercise"},
    "exercise-desk": {"pk": "exercise"},
    "exercise-list": {"pk": "exercise"},
    "seal": {"pk": "household"},
    "seal-lift": {"pk": "household"},
    "seal-reader": {"pk": "household", "user": ("1", "999999")},
    "erasure": {"pk": "individual"},
    "erasure-decline": {"pk": "individual"},
    "hold-place": {"pk": "individual"},
    "hold-lift": {"pk": "hold"},
    "retention-rule": {"code": ("left", "decided", "nonsense")},
    "conflict-new": {"pk": "household"},
    "conflict-end": {"pk": "household", "user": ("1", "999999")},
    "individual-phone": {"pk": "individual"},
    "question-ask": {"pk": "individual", "agency": ("1", "999999")},
    "question-answer": {"pk": "individual", "agency": ("1", "999999")},
    "family": {"pk": "draft"},
    "family-keep": {"pk": "draft"},
    "family-hints": {"pk": "draft"},
    "family-discard": {"pk": "draft"},
    "slip": {"pk": "household"},
    "appointment": {"pk": "household"},
    "queue-token": {"pk": "token"},
    "member-new": {"pk": "household"},
    "group-arrange": {"pk": "household"},
    "group-split": {"pk": "household"},
    "group-move": {"pk": "household"},
    "group-close": {"pk": "household"},
    "record-change": {"pk": "individual"},
    "legal-change": {"pk": "individual"},
    "event": {"pk": "event"},
    "event-board": {"pk": "event"},
    "event-propose": {"pk": "event"},
    "event-approve": {"pk": "event"},
    "event-change": {"pk": "event"},
    "entry-point-new": {"pk": "event"},
    "entry-point": {"pk": "entry_point"},
    "import-detail": {"pk": "import"},
    "import-progress": {"pk": "import"},
    "import-rows": {"pk": "import", "outcome": ("new", "registered", "possible", "error")},
    "import-errors": {"pk": "import"},
    "import-errors-xlsx": {"pk": "import"},
    "import-correct": {"pk": "import"},
    "import-accept": {"pk": "import"},
    "import-columns": {"pk": "import"},
    "import-ask": {"pk": "import"},
    "import-cancel": {"pk": "import"},
    "import-pause": {"pk": "import"},
    "import-stop": {"pk": "import"},
    "import-allow": {"pk": "import"},
    "import-undo": {"pk": "import"},
    "claim": {"pk": "claim"},
    "claim-move": {
        "pk": "claim",
        "to": ("examination", "suspended", "withdrawn", "closed", "decided", "nonsense"),
    },
    "claim-propose": {"pk": "claim"},
    "claim-approve": {"pk": "claim"},
    "claim-reference": {"pk": "claim"},
    "claim-new": {"pk": "individual"},
    "referral": {"pk": "referral"},
    "referral-new": {"pk": "claim"},
    "referral-answer": {"pk": "referral"},
    "referral-revoke": {"pk": "referral"},
    "referral-message": {"pk": "referral"},
    "handover-new": {"pk": "household"},
    "handover": {"pk": "handover"},
    "handover-answer": {"pk": "handover"},
    "handover-approve": {"pk": "handover"},
    "handover-revoke": {"pk": "handover"},
    "agency": {"pk": "agency"},
    "member": {"pk": "membership"},
    "member-change": {"pk": "membership"},
    "member-close": {"pk": "membership"},
    "member-open": {"pk": "membership"},
    "member-sessions": {"pk": "membership"},
    "invitation-withdraw": {"pk": "invitation"},
    "invitation-accept": {"pk": "invitation"},
    "review": {"pk": "review"},
    "review-decide": {"pk": "review_line"},
    "agreement": {"pk": "agreement"},
    "agency-cut": {"pk": "agency"},
    "agreement-step": {
        "pk": "agreement",
        "step": ("parties", "purpose", "population", "fields", "terms", "check", "nonsense"),
    },
    "agreement-preview": {"pk": "agreement"},
    "agreement-sign": {"pk": "agreement"},
    "agreement-suspend": {"pk": "agreement"},
    "agreement-resume": {"pk": "agreement"},
    "agreement-keep": {"pk": "agreement"},
    "agreement-revise": {"pk": "agreement"},
    "agreement-versions": {"pk": "agreement"},
    "agreement-document-new": {"pk": "agreement"},
    "agreement-document": {"pk": "agreement_document"},
    "agreement-decline": {"pk": "agreement"},
    "agreement-end": {"pk": "agreement"},
    "export": {"pk": "export"},
    "export-progress": {"pk": "export"},
    "export-file": {"pk": "export"},
    "export-cancel": {"pk": "export"},
    "client-revoke": {"pk": "client"},
    "webhook": {"pk": "webhook"},
    "webhook-rotate": {"pk": "webhook"},
    "webhook-pause": {"pk": "webhook"},
    "webhook-end": {"pk": "webhook"},
    "webhook-resume": {"pk": "webhook"},
    "webhook-test": {"pk": "webhook"},
    "webhook-replay": {"pk": "webhook"},
    "delivery-replay": {"pk": "delivery"},
    "breach": {"pk": "breach"},
    "law-request": {"pk": "law_request"},
    "notification-aside": {"pk": "notification"},
    "api-claim-status": {"id": "claim"},
    "api-claim-reference": {"id": "claim"},
    "api-claim-by-reference": {"value": "reference"},
    "api-import": {"id": "import"},
    "api-import-errors": {"id": "import"},
    "api-import-accept": {"id": "import"},
    "api-import-cancel": {"id": "import"},
    "api-referral": {"id": "referral"},
    "api-referral-answer": {"id": "referral"},
    "api-nothing": {"rest": ("nonsense", "claims/nonsense")},
    "sign-in-by": {"pk": ("1", "999999999")},
    "mfa_edit_webauthn": {"pk": ("1", "2")},
    "mfa_remove_webauthn": {"pk": ("1", "2")},
    "demonstration-enter": {"key": ("caseworker", "nonsense")},
    "account_reset_password_from_key": {"uidb36": ("1", "set"), "key": ("set-password", "abc-123")},
}
PUBLIC = {"agency", "event", "entry_point"}  # kinds that everybody may know of


@dataclass(frozen=True)
class Address:
    """One pattern of the URLconf: its name, the view behind it, and the names of its arguments."""

    name: str
    route: str
    view: Callable[..., Any]
    arguments: tuple[str, ...]

    @property
    def declared(self) -> Any:
        """The permission that the view declares, as a function or as a class of the API."""
        return getattr(self.view, "access", None) or getattr(getattr(self.view, "cls", None), "access", None)

    @property
    def kind(self) -> str:
        """The kind of record that an argument names, or nothing."""
        kinds = [what for what in ARGUMENTS.get(self.name, {}).values() if isinstance(what, str)]
        assert len(kinds) <= 1, f"{self.name} names two records; the matrix has to learn to cross them"
        return kinds[0] if kinds else ""

    def at(self, key: Any = None, place: int = 0) -> str:
        """Return the path for the key of a record; word arguments take their word number `place`."""
        given = {
            name: key if isinstance(what, str) else what[place % len(what)]
            for name, what in (ARGUMENTS[self.name].items() if self.arguments else ())
        }
        return reverse(self.name, kwargs=given)

    def places(self) -> int:
        """Return how many words there are to go through."""
        words = [len(what) for what in ARGUMENTS.get(self.name, {}).values() if not isinstance(what, str)]
        return max(words, default=1)


def addresses() -> list[Address]:
    """Return every address of the URLconf in force."""
    return list(_walk(get_resolver().url_patterns, "", {}))


def _walk(patterns: list[Any], prefix: str, converters: dict[str, Any]) -> Iterator[Address]:
    for one in patterns:
        inside = converters | getattr(one.pattern, "converters", {})
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, route, inside)
        elif isinstance(one, URLPattern):
            names = tuple(inside) or tuple(
                getattr(one.pattern, "regex", None) and one.pattern.regex.groupindex
            )
            yield Address(one.name or "", route, one.callback, names)


def untaught() -> list[str]:
    """Return what has to be said about addresses whose arguments nobody has explained."""
    return [
        f"{one.name or one.route}: say in tests/house/addresses.py what {', '.join(one.arguments)} is"
        for one in addresses()
        if one.arguments and set(ARGUMENTS.get(one.name, {})) != set(one.arguments)
    ]


def missing(kind: str, world: World) -> Any:
    """Return a key of the right type under which there is nothing."""
    known = next(one.first(kind) for one in world.records.values() if kind in one.of)
    if isinstance(known, uuid.UUID):
        return uuid.uuid4()
    return 987_654_321 if isinstance(known, int) else "ZQ-NEVER-GIVEN"


__all__ = ["ARGUMENTS", "METHODS", "PUBLIC", "Address", "addresses", "missing", "untaught"]

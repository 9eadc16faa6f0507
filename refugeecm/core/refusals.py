"""What does code raise to refuse something with a sentence for the screen, and how does a page tell it?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from refugeecm.core.transitions import TransitionNotAllowed


class NotPermitted(Exception):
    """A foreseen refusal; its text may be shown, beside `field` of a form if it is about what was filled in there."""

    def __init__(self, text: str, *, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


def allows(check: Callable[..., object], **given: Any) -> bool:
    """Answer whether a check passes, for whether a button is shown."""
    try:
        check(**given)
    except NotPermitted:
        return False
    return True


class Told:
    """A block that ends at a refusal: it is told, and the view goes on behind the block."""

    def __init__(
        self, refused: Callable[[Exception], object], done: Callable[[], object] | None = None
    ) -> None:
        self._refused, self._done = refused, done

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None and self._done:
            self._done()
        if isinstance(error, NotPermitted | TransitionNotAllowed):
            self._refused(error)
            return True
        return False


def told_to(request: HttpRequest, done: str = "") -> Told:
    """Tell a refusal above the next page; or else, when the block is done, say so."""
    return Told(
        lambda error: messages.error(request, str(error)),
        partial(messages.success, request, done) if done else None,
    )


def told_on(form: forms.Form, field: str | None = None) -> Told:
    """Tell a refusal in the form, beside a field or above all."""
    return Told(lambda error: form.add_error(field or getattr(error, "field", None), str(error)))

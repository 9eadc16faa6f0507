"""What does an agency show when it asks another about a person, and what does the other answer?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from refugeecm.core.templatetags.ui import DATE, country
from registration.actions.asking import ANSWERS
from registration.enums import QuestionState, Sex


def in_words(shown: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (field, what it is called and says) of what actions.asking.said gives."""
    said: dict[str, tuple[str, Callable[[str], str]]] = {
        "name": (gettext("Name"), str),
        "birth_date": (gettext("Born"), lambda value: date_format(date.fromisoformat(value), DATE)),
        "sex": (gettext("Sex"), lambda value: str(Sex(value).label)),
        "nationality": (gettext("Nationality"), country),
    }
    return [
        (name, pgettext("what: value", "%(what)s: %(value)s") % {"what": label, "value": read(shown[name])})
        for name, (label, read) in said.items()
        if name in shown
    ]


class AskForm(forms.Form):
    """Which fields are shown, of those that `shown` has."""

    fields_shown = forms.MultipleChoiceField(
        label=_("What the other agency is shown"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing by which the person can be recognised.")},
    )

    def __init__(self, *args: Any, shown: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fields_shown"].choices = in_words(shown)  # type: ignore[attr-defined]
        self.fields["fields_shown"].initial = list(shown)


class AnswerForm(forms.Form):
    """What is answered."""

    says = forms.ChoiceField(choices=[(one, QuestionState(one).label) for one in ANSWERS])

"""What does a clerk say about the columns of a list, and about how its file is written?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from registration.importers.tables import HEADER_WITHIN
from registration.models import ImportBatch
from registration.rules.columns import COLUMNS, FURTHER, LABELS


class FormatForm(forms.Form):
    """How a file is written, where the computer may have guessed wrongly. Reading it anew shows other columns."""

    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    header_row = forms.IntegerField(
        label=_("Row with the column names"),
        min_value=1,
        max_value=HEADER_WITHIN,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    encoding = forms.ChoiceField(
        label=_("Letters are stored as"),
        required=False,
        choices=[
            ("", _("As found")),
            ("utf-8", "UTF-8"),
            ("cp1256", _("Windows, Arabic (1256)")),
            ("cp1252", _("Windows, Western Europe (1252)")),
            ("cp1251", _("Windows, Cyrillic (1251)")),
            ("cp1254", _("Windows, Turkish (1254)")),
        ],
    )
    delimiter = forms.ChoiceField(
        label=_("Cells are separated by"),
        required=False,
        choices=[
            ("", _("As found")),
            (",", _("Comma")),
            (";", _("Semicolon")),
            ("\t", _("Tab")),
            ("|", _("Vertical bar")),
        ],
    )

    def __init__(self, *args: Any, batch: ImportBatch, **kwargs: Any) -> None:
        found = batch.found_format
        kwargs["initial"] = {**found, **batch.wishes, "header_row": found.get("header_row")}
        super().__init__(*args, **kwargs)
        sheets = found.get("sheets") or []
        if sheets:
            self.fields["sheet"].choices = [(one, one) for one in sheets]  # type: ignore[attr-defined]
        for name in ("encoding", "delimiter") if sheets else ("sheet",):
            del self.fields[name]

    def wishes(self) -> dict[str, Any]:
        """Return what was said, as importers.tables.Wishes."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class ColumnsForm(forms.Form):
    """What each column of a file is, in which scheme its country codes are, and whether days or months come first."""

    country_scheme = forms.ChoiceField(
        label=_("Codes of countries"),
        choices=[
            ("ISO3", _("ISO, three letters (SYR, SDN)")),
            ("ISO2", _("ISO, two letters (SY, SD)")),
            ("UNHCR", _("UNHCR (SYR, SUD)")),
        ],
    )
    date_order = forms.ChoiceField(
        label=_("Dates such as 3/4/1990"),
        required=False,
        choices=[("", _("As the columns show")), ("day", _("Day first")), ("month", _("Month first"))],
        help_text=_("Where no date shows which comes first, it is the day."),
    )
    remember = forms.BooleanField(
        label=_("Read the next lists with this header in the same way"), required=False, initial=True
    )

    def __init__(self, *args: Any, batch: ImportBatch, said: dict[str, Any], **kwargs: Any) -> None:
        kwargs["initial"] = said
        super().__init__(*args, **kwargs)
        self.batch = batch
        fields = [
            ("", _("Leave out")),
            (_("Usual columns"), [(one.field, gettext(one.label)) for one in COLUMNS]),
            (
                _("Further columns"),
                [("age", gettext(LABELS["age"])), *((one.field, gettext(one.label)) for one in FURTHER)],
            ),
        ]
        columns = said.get("columns") or batch.columns
        for place, (header, column) in enumerate(zip(batch.header, columns, strict=False)):
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=header or _("Column %(number)s") % {"number": place + 1},
                choices=fields,
                required=False,
                initial=column or "",
            )

    def columns(self) -> list[forms.BoundField]:
        """Return the choices, one for each column of the file."""
        return [self[f"column_{place}"] for place in range(len(self.batch.header))]

    def clean(self) -> dict[str, Any]:
        """A field has one column. (That one of them is a name is asked by the action.)"""
        given = super().clean() or {}
        chosen: dict[str, str] = {}
        for bound in self.columns():
            field = given.get(bound.name)
            if field and field in chosen:
                taken = _("“%(column)s” has this meaning already. Leave one of the two out.")
                self.add_error(bound.name, taken % {"column": chosen[field]})
            elif field:
                chosen[field] = str(bound.label)
        return given

    def wishes(self) -> dict[str, Any]:
        """Return what was said: `columns`, `country_scheme`, `date_order`."""
        given = self.cleaned_data
        return {
            "columns": [given[bound.name] or None for bound in self.columns()],
            "country_scheme": given["country_scheme"],
            "date_order": given["date_order"],
        }

"""What does somebody fill in to send a file of arrivals?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from registration.models import InfluxEvent

LIMIT = 300 * 2**20  # bytes, as in actions.imports.receiving; refused before the file is read into memory
NEW = "new"  # the choice of an event that does not exist yet


class ImportForm(forms.Form):
    """A file, and the occasion on which its people arrived: one that exists, or a new one."""

    file = forms.FileField(
        label=_("List of arrivals"),
        help_text=_(
            "CSV or Excel (.xlsx), up to 300 MB. One row for each person; columns are recognised by their names."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    event = forms.ChoiceField(label=_("Event"), help_text=_("The occasion on which these people arrived."))
    name = forms.CharField(label=_("Name of the new event"), max_length=200, required=False)
    slug = forms.SlugField(
        label=_("Short name of the new event"),
        max_length=60,
        required=False,
        help_text=_("Small letters, digits and hyphens, such as east-2026. Agreements refer to it."),
        widget=forms.TextInput(attrs={"class": "ltr short"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = InfluxEvent.objects.order_by("-created_at").values_list("pk", "name")
        event = self.fields["event"]
        event.choices = [*((str(pk), name) for pk, name in standing), (NEW, _("A new event, named below"))]  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile[Any]:
        """Refuse a file that is too large before anybody reads it."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > LIMIT:
            raise forms.ValidationError(
                _("The file is larger than 300 MB. Split it, and send the parts one after the other.")
            )
        return file

    def clean(self) -> dict[str, Any]:
        """A new event has to be named. Its short name must be free."""
        given = super().clean() or {}
        if given.get("event") != NEW:
            if given.get("event") and (given.get("name") or given.get("slug")):
                self.add_error("event", _("You chose an event and named a new one. Keep one of the two."))
            return given
        for field in ("name", "slug"):
            if not given.get(field) and field not in self.errors:
                self.add_error(field, _("Name the new event here, or choose another above."))
        slug = given.get("slug")
        if slug and InfluxEvent.objects.filter(slug=slug).exists():
            self.add_error(
                "slug",
                _("There is an event with this short name already. Choose it above, or take another name."),
            )
        return given

    def chosen(self) -> InfluxEvent | None:
        """Return the event that was chosen, or None for a new one."""
        event = self.cleaned_data["event"]
        return None if event == NEW else InfluxEvent.objects.get(pk=int(event))

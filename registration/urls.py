"""Which addresses does the second floor answer?"""

from django.urls import path, register_converter

from registration.enums import Outcome
from registration.views import imports


class OutcomeConverter:
    """One of the outcomes of checking a row."""

    regex = "|".join(Outcome.values)

    def to_python(self, value: str) -> str:
        """Return the outcome."""
        return value

    def to_url(self, value: str) -> str:
        """Return the outcome."""
        return str(value)


register_converter(OutcomeConverter, "outcome")

urlpatterns = [
    path("imports/", imports.index, name="imports"),
    path("imports/new/", imports.new, name="import-new"),
    path("imports/<uuid:pk>/", imports.detail, name="import-detail"),
    path("imports/<uuid:pk>/progress/", imports.progress, name="import-progress"),
    path("imports/<uuid:pk>/rows/<outcome:outcome>/", imports.rows, name="import-rows"),
    path("imports/<uuid:pk>/errors.csv", imports.errors, name="import-errors"),
    path("imports/<uuid:pk>/accept/", imports.accept, name="import-accept"),
    path("imports/<uuid:pk>/cancel/", imports.cancel, name="import-cancel"),
]

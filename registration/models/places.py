"""Which places are there? Administrative areas under their P-codes, as the Common Operational Datasets of OCHA name them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from refugeecm.core.classes import classified


class AdminAreaQuerySet(models.QuerySet["AdminArea"]):
    """Questions about many areas."""

    def starting_with(self, text: str, *, country: str = "") -> AdminAreaQuerySet:
        """Return those whose name or P-code begins like this, of one country if given, the largest first."""
        found = self.filter(
            models.Q(name__istartswith=text)
            | models.Q(local_name__istartswith=text)
            | models.Q(pcode__istartswith=text)
        )
        found = found.filter(country=country) if country else found
        return found.select_related("parent").order_by("level", "name", "pk")


class AdminArea(models.Model):
    """An area of one level of one country: level 1 is the largest below the country. Public, and the same for all agencies."""

    pcode = models.CharField(_("P-code"), max_length=20, unique=True)
    country = models.CharField(_("country"), max_length=3)
    level = models.PositiveSmallIntegerField(_("level"))
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="parts")
    name = models.CharField(_("name"), max_length=120)
    local_name = models.CharField(_("name in its own script"), max_length=120, blank=True)

    objects = AdminAreaQuerySet.as_manager()
    field_classes = classified(C0="id pcode country level parent name local_name")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(level__range=(1, 4)), name="area_level_1_to_4")
        ]
        indexes = [models.Index(fields=["country", "level", "name"], name="area_by_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.pcode})"

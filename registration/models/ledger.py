"""How many people are where? One line per change of stock, without anybody's id, so that figures survive erasure."""

from typing import ClassVar

from django.db import models

from agencies.models import Agency
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall
from registration.enums import Flow, LegalStatus, Sex


class LedgerLine(models.Model):
    """So many people of one kind came into or left a stock on a day. Age bands as in UNHCR's Refugee Data Finder."""

    day = models.DateField()
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    flow = models.CharField(max_length=20, choices=Flow)
    origin = models.CharField(max_length=3, blank=True)
    asylum = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=LegalStatus)
    place = models.CharField(max_length=80, blank=True)
    sex = models.CharField(max_length=1, choices=Sex)
    age_band = models.CharField(max_length=5, blank=True)
    people = models.IntegerField()

    field_classes = classified(C0="id day agency flow origin asylum status place sex age_band people")
    wall: ClassVar[Wall] = Wall(append_only=True)

    def __str__(self) -> str:
        return f"{self.day} {self.flow} {self.people}"

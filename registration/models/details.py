"""What else is known of a person: further names, relatives elsewhere, a photo, and the number that another system knows them by?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import BiometricResult, NameKind, Relationship
from registration.models.access import PersonOwned, PersonQuerySet, shared_sql
from registration.models.people import Individual


@track()
class FurtherName(PersonOwned):
    """A name that the record of every person has no column for; found by search, as the others are."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="further_names")
    kind = models.CharField(_("kind"), max_length=13, choices=NameKind)
    name = models.CharField(_("name"), max_length=400)

    objects = PersonQuerySet.as_manager()
    when_erased = DELETE
    field_classes = classified(C1="id agency individual", C2="kind name")
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_furthername.individual_id"))
    shared_as = _("Further name")
    field_groups = {"name": "kind name"}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["individual", "kind", "name"], name="further_name_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


@track()
class Relative(PersonOwned):
    """A relative who is not registered with the person: elsewhere, missing, or in a file of their own (eRRF, non-case relatives)."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="relatives")
    relationship = models.CharField(_("relationship"), max_length=3, choices=Relationship)
    name = models.CharField(_("name"), max_length=400)
    country = models.CharField(_("country"), max_length=3, blank=True)
    whereabouts = models.BinaryField(_("whereabouts"), default=b"")  # sealed with the person's key
    # Not a reference: the relative's file may be another agency's, closed or undone, and is looked up among the visible ones.
    number = models.CharField(_("individual number"), max_length=24, blank=True)

    objects = PersonQuerySet.as_manager()
    # Their own, and the lines in which relatives of the same agency name them by number.
    erased_by = (
        "individual_id = ANY (people) OR (agency_id, number) IN (SELECT n.agency_id, n.number"
        " FROM registration_individual n WHERE n.id = ANY (people))"
    )
    when_erased = DELETE
    field_classes = classified(
        C1="id agency individual", C2="relationship", C3="name country whereabouts number"
    )
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_relative.individual_id"))
    shared_as = _("Relative elsewhere")

    def __str__(self) -> str:
        return f"{self.relationship} {self.pk}"


@track(exclude=["image"])
class Photo(PersonOwned):
    """The photo of a person, a JPEG written anew here and sealed with the person's key. Its history keeps days, no images."""

    individual = models.OneToOneField(Individual, on_delete=models.CASCADE, related_name="photo")
    image = models.BinaryField(_("photo"))
    taken_at = models.DateTimeField(_("taken"))

    objects = PersonQuerySet.as_manager()
    when_erased = DELETE
    field_classes = classified(C1="id agency individual taken_at", C3="image")
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_photo.individual_id"))
    shared_as = _("Photo")

    def __str__(self) -> str:
        return f"photo {self.pk}"


@track()
class BiometricReference(PersonOwned):
    """Under which number an external system knows the person's fingerprints or irises, and what it answered; no engine of ours."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="biometrics")
    system = models.CharField(_("system"), max_length=60)
    reference = models.BinaryField(_("reference"), default=b"")  # sealed with the person's key
    result = models.CharField(_("result"), max_length=6, choices=BiometricResult)
    checked_on = models.DateField(_("compared on"))

    objects = PersonQuerySet.as_manager()
    when_erased = DELETE
    field_classes = classified(C1="id agency individual", C4="system reference result checked_on")
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_biometricreference.individual_id"))
    shared_as = _("Biometric reference")

    def __str__(self) -> str:
        return f"{self.system} {self.pk}"

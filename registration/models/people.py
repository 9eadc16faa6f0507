"""Who is registered: individuals, their documents and the keys of what is sealed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from agencies.models.agreement import LIVE_SQL
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import AGENCY, Definer, Wall, definers
from registration.enums import (
    COUNTED,
    FOCAL,
    PROCESS_MOVES,
    DocumentKind,
    Education,
    LegalStatus,
    Level,
    MaritalStatus,
    NationalityStatus,
    Precision,
    ProcessReason,
    ProcessStatus,
    Relationship,
    Sex,
    StatusBasis,
    StatusCategory,
)
from registration.models.access import PersonOwned, PersonQuerySet, shared_sql
from registration.models.exceptions import OPEN_SQL, Asked
from registration.models.households import Household, sealing_of
from registration.models.influx import InfluxEvent
from registration.models.places import AdminArea

ERASED = "—"  # all that stands for the names of who was erased
RECORDS = {
    "photo": "photo", "biometrics": "biometricreference", "documents": "document", "relatives": "relative",
}  # fmt: skip


class IndividualQuerySet(PersonQuerySet["Individual"]):
    """Questions about many people."""

    reached_by = "pk"

    def with_seal(self) -> IndividualQuerySet:
        """Annotate `sealed_at` and `emergency_until` of the file of the household, as HouseholdQuerySet does."""
        return self.annotate(**sealing_of("household_id"))

    def with_records(self) -> IndividualQuerySet:
        """Annotate `has_photo`, `has_biometrics`, `has_documents`, `has_relatives` and `has_merges`: whether there are such rows."""
        there = "EXISTS (SELECT 1 FROM registration_{table} f WHERE f.individual_id = {{who}})"
        merges = "EXISTS (SELECT 1 FROM registration_merge m WHERE m.{} = {{who}} AND m.status = 'done')"
        return self.annotate(
            **{f"has_{name}": Asked(there.format(table=table), "pk") for name, table in RECORDS.items()},
            has_merges=models.Q(Asked(merges.format("survivor_id"), "pk"))
            | models.Q(Asked(merges.format("merged_id"), "pk")),
        )

    def with_questions(self, pk: uuid.UUID) -> IndividualQuerySet:
        """Annotate `questions` of that one person: what registration.models.asking tells of them, as JSON."""
        said = Asked("registration_questions({who})::text", "pk", output_field=models.TextField())
        return self.annotate(
            questions=models.Case(
                models.When(pk=pk, then=said), default=models.Value("[]"), output_field=models.TextField()
            )
        )

    def active(self) -> IndividualQuerySet:
        """Return those whose record counts: active or on hold."""
        return self.filter(process_status__in=COUNTED)

    def standing(self) -> IndividualQuerySet:
        """Return those who are listed: not the records that were merged into another of the same agency.

        What another agency keeps of the same person stays in the lists: its own people work with it.
        """
        return self.filter(models.Q(merged_into=None) | ~models.Q(merged_into__agency=models.F("agency")))

    def leading_to(self, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
        """Return {id: id of the record that goes on} of those among these records that were merged, one after the other or not.

        Only as far as the agency of the transaction sees it; whether the viewer does is for the caller to ask.
        """
        rows = self.filter(pk__in=list(ids)).exclude(merged_into=None).values_list("pk", "merged_into")
        merged = {one: into for one, into in rows if into}
        further = self.leading_to(merged.values()) if merged else {}
        return {one: further.get(into, into) for one, into in merged.items()}

    def merged_into_any(self, ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
        """Return the ids of those among these records that were merged into one of `ids`, one after the other or not."""
        found = set(self.filter(merged_into__in=list(ids)).values_list("pk", flat=True))
        return found | self.merged_into_any(found) if found else found

    def focal_points(self) -> IndividualQuerySet:
        """Return those in whose name a group's file is open."""
        return self.active().filter(relationship__in=FOCAL)


@track(exclude=["keys", "folded", "normalised_by"])
class Individual(PersonOwned):
    """One person, as registered by one agency. Names are kept as given and in clear, for matching (design.md rule 5)."""

    number = models.CharField(_("individual number"), max_length=24, unique=True)
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="members")
    relationship = models.CharField(_("relationship to the focal point"), max_length=3, choices=Relationship)
    given_name = models.CharField(_("given name"), max_length=200, blank=True)
    father_name = models.CharField(_("father's name"), max_length=200, blank=True)
    family_name = models.CharField(_("family name"), max_length=200, blank=True)
    native_name = models.CharField(_("name as on the document"), max_length=400, blank=True)
    mother_name = models.CharField(_("mother's name"), max_length=200, blank=True)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex)
    birth_date = models.DateField(_("date of birth"), null=True)
    birth_precision = models.CharField(
        _("precision of the date of birth"), max_length=5, choices=Precision, blank=True
    )
    birth_estimated = models.BooleanField(_("date of birth is an estimate"), default=False)
    birth_place = models.CharField(_("place of birth"), max_length=200, blank=True)
    nationality = models.CharField(_("nationality"), max_length=3, blank=True)
    # Columns with a default of the database are left out of bulk inserts in which nobody has them: an import pays for none of them.
    other_nationalities = ArrayField(models.CharField(max_length=3), blank=True, db_default=[])
    nationality_status = models.CharField(
        _("nationality established"), max_length=10, choices=NationalityStatus, blank=True, db_default=""
    )
    # Of origin, or of former habitual residence where it is not a nationality.
    origin_country = models.CharField(_("country of origin"), max_length=3, blank=True, db_default="")
    origin_area = models.ForeignKey(
        AdminArea,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("place of origin"),
    )
    birth_country = models.CharField(_("country of birth"), max_length=3, blank=True, db_default="")
    birth_area = models.ForeignKey(
        AdminArea,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("area of birth"),
    )
    languages = ArrayField(
        models.CharField(max_length=3), blank=True, db_default=[]
    )  # ISO 639-3, the best understood first
    education = models.CharField(_("education"), max_length=2, choices=Education, blank=True, db_default="")
    occupation = models.CharField(_("occupation"), max_length=100, blank=True, db_default="")
    religion = models.BinaryField(_("religion"), blank=True, db_default=b"")  # sealed, as phone is
    ethnicity = models.BinaryField(_("ethnicity"), blank=True, db_default=b"")
    email = models.BinaryField(_("e-mail"), blank=True, db_default=b"")
    marital_status = models.CharField(_("marital status"), max_length=2, choices=MaritalStatus, blank=True)
    phone = models.BinaryField(_("phone"), blank=True, default=b"")  # sealed with the person's key
    # Status is five codes, each with its day, never one flat value (law-and-practice.md 1.6; proGres). No day: as registered.
    legal_status = models.CharField(_("legal status"), max_length=20, choices=LegalStatus)
    legal_status_on = models.DateField(_("legal status since"), null=True)
    status_basis = models.CharField(
        _("basis of the status"), max_length=20, choices=StatusBasis, blank=True, db_default=""
    )
    status_basis_on = models.DateField(_("basis since"), null=True)
    status_category = models.CharField(
        _("category of the status"), max_length=12, choices=StatusCategory, blank=True, db_default=""
    )
    status_category_on = models.DateField(_("category since"), null=True)
    process_status = models.CharField(
        _("record"), max_length=1, choices=ProcessStatus, default=ProcessStatus.ACTIVE
    )
    process_status_on = models.DateField(_("record since"), null=True)
    process_reason = models.CharField(
        _("reason"), max_length=30, choices=ProcessReason, blank=True, db_default=""
    )
    process_reason_on = models.DateField(_("reason since"), null=True)
    level = models.CharField(
        _("level of registration"), max_length=17, choices=Level, db_default=Level.EMERGENCY
    )
    joined_on = models.DateField(_("in the group since"), null=True)  # no day: as registered
    event = models.ForeignKey(
        InfluxEvent, on_delete=models.PROTECT, null=True, related_name="individuals", db_index=False
    )
    site = models.CharField(_("registration site"), max_length=80, blank=True)
    source_ref = models.CharField(_("number in the source"), max_length=80, blank=True)
    registered_on = models.DateField(_("registered on"))
    # The record of the same person that goes on; this one is closed, and leads there (registration.actions.merging).
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="merged_records", db_index=False,
        verbose_name=_("merged into"),
    )  # fmt: skip
    # What a list says, and no Consent: rules.columns, "consent".
    said_to_agree = models.BooleanField(_("agreed to be registered, says the list"), db_default=False)
    keys = ArrayField(
        models.BigIntegerField(), default=list
    )  # registration.rules.keys: names, document, phone, hashed
    # Of the names (registration.rules.names.folded), and the version of the rules that made both of these.
    folded = models.TextField(blank=True, db_default="")
    normalised_by = models.PositiveSmallIntegerField(db_default=0)

    objects = IndividualQuerySet.as_manager()
    moves = PROCESS_MOVES
    moves_by = "process_status"
    erased_by = "id = ANY (people)"
    when_erased: ClassVar[dict[str, str]] = {
        "native_name": f"'{ERASED}'", "sex": "'U'", "relationship": "'U'", "source_ref": "''", "keys": "'{}'", "folded": "''",
    }  # fmt: skip
    field_classes = classified(
        C1="id agency number household legal_status legal_status_on status_basis status_basis_on status_category"
        " status_category_on process_status process_status_on process_reason process_reason_on level joined_on event source_ref"
        " registered_on merged_into",
        C2="relationship given_name father_name family_name native_name mother_name sex birth_date birth_precision"
        " birth_estimated birth_place birth_country birth_area nationality other_nationalities nationality_status origin_country"
        " origin_area languages education occupation marital_status said_to_agree",
        C3="phone email site",
        C4="religion ethnicity",
        internal="keys folded normalised_by",
    )
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_individual.id"))
    shared_as = _("Person")
    field_groups = {
        "name": "given_name father_name family_name native_name",
        "birth": "birth_date birth_precision birth_estimated",
    }
    partners_edit = frozenset({"phone"})

    class Meta:
        constraints = [
            # A record that is inactive or closed is nobody's focal point any more, whatever it was.
            models.UniqueConstraint(
                fields=["household"],
                name="one_focal_point",
                condition=models.Q(relationship__in=FOCAL, process_status__in=COUNTED),
            ),
            models.UniqueConstraint(
                fields=["agency", "event", "source_ref"],
                name="source_ref_once",
                condition=~models.Q(source_ref=""),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=~models.Q(given_name="", father_name="", family_name="", native_name=""),
                name="individual_has_a_name",
            ),
            models.CheckConstraint(
                condition=models.Q(birth_date=None, birth_precision="")
                | models.Q(birth_date__isnull=False) & ~models.Q(birth_precision=""),
                name="birth_date_has_precision",
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "id"], name="individual_newest"),
            # Filters of the list of people, and the number that somebody types (bench access: without them a million rows).
            models.Index(fields=["agency", "nationality", "id"], name="individual_nationality"),
            models.Index(fields=["agency", "event", "id"], name="individual_event"),
            models.Index(fields=["agency", "birth_date"], name="individual_born"),
            models.Index(
                fields=["source_ref"], name="individual_source_ref", condition=~models.Q(source_ref="")
            ),
            models.Index(
                fields=["merged_into"], name="individual_merged", condition=~models.Q(merged_into=None)
            ),
            # Entries go straight into the index: a pending list would be merged in the middle of some clerk's insert.
            GinIndex(fields=["keys"], name="individual_keys", fastupdate=False),
            GinIndex(
                fields=["folded"], name="individual_folded", opclasses=["gin_trgm_ops"], fastupdate=False
            ),
            models.Index(fields=["agency", "normalised_by"], name="individual_normalised"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def full_name(self) -> str:
        """The romanised parts in the order given, father, family; or the name as on the document."""
        return (
            " ".join(part for part in (self.given_name, self.father_name, self.family_name) if part)
            or self.native_name
        )

    @property
    def is_erased(self) -> bool:
        """Whether nothing but codes and days is left (registration.actions.erasing)."""
        return self.full_name == ERASED

    @property
    def is_focal_point(self) -> bool:
        """Whether the household's file is opened in this person's name."""
        return self.relationship in FOCAL

    @property
    def origin(self) -> str:
        """The country of origin: the one that was named, else the nationality; ISO 3166 alpha-3, or empty."""
        return self.origin_country or self.nationality

    def may_have_fled(self, country: str) -> bool:
        """Answer whether this is a country of the person's nationality or former residence (access.OF_ORIGIN)."""
        return country in {self.nationality, self.origin_country, *self.other_nationalities} - {""}

    def age_on(self, today: date) -> int | None:
        """Return completed years on a day, or None without a date of birth."""
        born = self.birth_date
        return (
            None
            if born is None
            else today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        )


@track(exclude=["number_index"])
class Document(PersonOwned):
    """A paper that a person brought; its number is sealed, and found again by a blind index."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(_("kind"), max_length=20, choices=DocumentKind)
    number = models.BinaryField(_("number"), default=b"")  # sealed with the person's key
    number_index = models.BinaryField(default=b"")

    objects = PersonQuerySet.as_manager()
    when_erased = DELETE
    field_classes = classified(C1="id agency individual", C3="kind number", internal="number_index")
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_document.individual_id"))
    shared_as = _("Document")
    field_groups = {"document": "kind number"}

    class Meta:
        indexes = [models.Index(fields=["number_index"], name="document_number")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class PersonKey(models.Model):
    """The key of one person's sealed values, wrapped by the agency's; destroying it erases them everywhere."""

    individual = models.OneToOneField(
        Individual, on_delete=models.CASCADE, primary_key=True, related_name="key"
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    wrapped = models.BinaryField()

    objects = PersonQuerySet.as_manager()
    sealed_by_agency: ClassVar[dict[str, str]] = {"wrapped": "registration_personkey.wrapped|{pk}"}
    field_classes = classified(internal="individual agency wrapped")
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_personkey.individual_id"))

    def __str__(self) -> str:
        return f"key of {self.individual_id}"


_VISIBLE = f"(i.agency_id = {AGENCY} OR {shared_sql('i.id').format(agency=AGENCY)})".replace(
    "{", "{{"
).replace("}", "}}")
_READS = (
    "registration_individual", "registration_personaccess", "agencies_agreement", "registration_consent",
    "registration_sealedfile", "registration_householdreader", "registration_conflictofinterest", "core_user",
)  # fmt: skip
definers += [
    # A partner changes nothing of another agency's person but this one field, where its agreement opens it for editing; nobody,
    # not even a worker that got the person's id elsewhere, gets past these conditions (compare access_rows and terms).
    Definer(
        name="registration_correct_phone",
        arguments="wanted uuid, sealed bytea, key_before bigint[], key_after bigint[]",
        returns="int",
        volatile=True,
        body=f"""
            WITH done AS (
                UPDATE registration_individual i SET phone = sealed, keys = ARRAY(
                    SELECT unnest(i.keys) EXCEPT SELECT unnest(key_before) UNION SELECT unnest(key_after) ORDER BY 1)
                WHERE i.id = wanted AND {OPEN_SQL} AND (i.agency_id = {{agency}} OR EXISTS (
                    SELECT 1 FROM registration_personaccess p JOIN agencies_agreement a ON a.id = p.agreement_id
                    WHERE p.individual_id = i.id AND p.agency_id = {{agency}} AND a.recipient_id = p.agency_id
                      AND a.provider_id = i.agency_id AND {LIVE_SQL} AND 'pages' = ANY (a.channels)
                      AND a.grants -> 'registration.individual' @> '["+phone"]'
                      AND (p.consent_id IS NULL OR EXISTS (
                          SELECT 1 FROM registration_consent c WHERE c.id = p.consent_id AND c.withdrawn_at IS NULL))))
                RETURNING 1
            ) SELECT count(*)::int FROM done
        """,
        reads=_READS,
        writes=("registration_individual",),
    ),
    Definer(
        name="registration_sharing",
        arguments="probes text[], certain text[]",
        returns="TABLE (place int, individual_id uuid, born date, stated text, sure boolean)",
        # One descent into the index for all keys of a person. Without LIMIT the planner took it for a whole table (duplicates.md 3e);
        # where it stands, behind a lateral join and without sequential scans, it only guards against keys that everybody has. When
        # somebody was born and their sex it says of one's own people alone: of others an agreement may not show it.
        body=f"""
            SELECT p.place::int - 1, found.id, found.born, found.stated, found.keys && p.certain FROM (
                SELECT place, keys::bigint[], certain::bigint[]
                FROM unnest(probes, certain) WITH ORDINALITY AS u(keys, certain, place) OFFSET 0
            ) AS p CROSS JOIN LATERAL (
                SELECT i.id, i.keys, CASE WHEN i.agency_id = {{agency}} THEN i.birth_date END AS born,
                       CASE WHEN i.agency_id = {{agency}} THEN i.sex ELSE '' END AS stated
                FROM registration_individual i WHERE i.keys && p.keys AND {_VISIBLE} LIMIT 2000
            ) AS found
        """,
        reads=_READS,
    ),
]

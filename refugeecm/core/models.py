"""Who signs in, what happened, and what still has to be told to somebody?"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from refugeecm.core.classes import classified
from refugeecm.core.wall import Definer, Wall, definers


class Users(BaseUserManager["User"]):
    """Makes users; e-mail addresses are compared without case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a new user; without a password the account cannot sign in by one."""
        user = User(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in. What they may do comes from their memberships (agencies.Membership), never from here."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    is_active = models.BooleanField(_("active"), default=True)
    language = models.CharField(
        _("language of e-mails"), max_length=10, blank=True, db_default="", default=""
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Users()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    field_classes = classified(
        C1="id name email is_active language created_at last_login", internal="password"
    )

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that happened, written in the transaction that did it; never changed. Details hold ids and codes, no names."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    agency_id = models.IntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    details = models.JSONField(default=dict)

    field_classes = classified(C1="id name agency_id actor_id at subject_type subject_id details")
    # Who took a case over also reads what its predecessors recorded of it until then.
    wall: ClassVar[Wall] = Wall(
        own="agency_id IS NOT DISTINCT FROM {agency}",
        shared="EXISTS (SELECT 1 FROM core_succession s WHERE s.agency_id = {agency} AND s.subject_id = core_event.subject_id"
        " AND s.predecessor_id = core_event.agency_id AND core_event.at < s.until)",
        append_only=True,
    )

    class Meta:
        indexes = [models.Index(fields=["subject_id", "at"]), models.Index(fields=["agency_id", "at"])]

    def __str__(self) -> str:
        return f"{self.name} {self.subject_id}"


class Succession(models.Model):
    """An agency took a case over from another, and so reads what happened to it before. Written by the hand-over function only."""

    agency_id = models.IntegerField()
    subject_id = models.UUIDField()
    predecessor_id = models.IntegerField()
    until = models.DateTimeField()

    field_classes = classified(internal="id agency_id subject_id predecessor_id until")
    wall: ClassVar[Wall] = Wall(insert="false", append_only=True)

    class Meta:
        indexes = [models.Index(fields=["subject_id", "agency_id"], name="succession_subject")]

    def __str__(self) -> str:
        return f"{self.predecessor_id} {self.agency_id} {self.subject_id}"


class IdempotencyKey(models.Model):
    """A system has sent this request: what it is sent with again does not happen again. Kept for a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency_id = models.IntegerField()
    client_id = models.CharField(max_length=100)
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    field_classes = classified(internal="id agency_id client_id key digest at")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client_id", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.key}"


class ReadEvent(models.Model):
    """One look at people's files: who, from where, at whom, which classes. One row a request, with an array of ids."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency_id = models.IntegerField()
    actor_id = models.BigIntegerField(null=True)
    client_id = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()
    view = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=40)
    subject_ids = ArrayField(models.UUIDField())
    owner_agency_ids = ArrayField(models.IntegerField(), default=list)
    classes = ArrayField(models.CharField(max_length=8), default=list)

    field_classes = classified(
        C1="id agency_id actor_id client_id at view subject_type subject_ids owner_agency_ids classes"
    )
    # The owner of a record reads who looked at it; the one who looked cannot hide it.
    wall: ClassVar[Wall] = Wall(
        own="agency_id = {agency}", shared="{agency} = ANY (owner_agency_ids)", append_only=True
    )

    class Meta:
        indexes = [
            models.Index(fields=["agency_id", "at"]),
            models.Index(fields=["at"]),
            # Who has seen this person? Entries go straight in: a pending list would be merged during somebody's request.
            GinIndex(fields=["subject_ids"], name="readevent_subjects", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.view} {self.at}"


# The operators of arrays are not leakproof: behind a policy no index on the ids would be used.
definers.append(
    Definer(
        name="core_reads_of",
        arguments="wanted uuid[]",
        returns="TABLE (id uuid)",
        body="""
            SELECT r.id FROM core_readevent r
            WHERE r.subject_ids && wanted AND (r.agency_id = {agency} OR {agency} = ANY (r.owner_agency_ids))
        """,
        reads=("core_readevent",),
    )
)


class OutboxMessage(models.Model):
    """Something that has to reach somebody or start something, once the transaction is committed. Ids only, no personal data."""

    message_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    topic = models.CharField(max_length=80)
    key = models.CharField(max_length=80, blank=True)
    payload = models.JSONField(default=dict)
    agency_id = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    available_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    field_classes = classified(
        C1="id message_id topic key payload agency_id created_at available_at attempts done_at dead_at last_error"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["available_at", "id"],
                name="outbox_open",
                condition=models.Q(done_at=None, dead_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.message_id}"


class MailOut(models.Model):
    """A mail that has to go out, at least once. Address and text are sealed, and gone once it is sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(
        max_length=80, unique=True, null=True
    )  # while one of a key waits, no other is written
    sealed = models.BinaryField()
    created_at = models.DateTimeField()
    available_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=80, blank=True)

    field_classes = classified(
        C1="id key created_at available_at attempts sent_at dead_at last_error", internal="sealed"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["available_at", "id"],
                name="mail_open",
                condition=models.Q(sent_at=None, dead_at=None),
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class HandledMessage(models.Model):
    """Which handler has already had the effect of which message: what is delivered twice happens once."""

    message_id = models.UUIDField()
    handler = models.CharField(max_length=120)
    field_classes = classified(C1="id message_id handler")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message_id", "handler"], name="handled_once")]

    def __str__(self) -> str:
        return f"{self.handler} {self.message_id}"


class Seal(models.Model):
    """One batch of what was written (events, reads, row history), sealed: its Merkle root, chained to the seal before and signed.

    It covers the positions from `low` to below `upto` (see core.seals). Append only: nobody signs in who may change it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    made_at = models.DateTimeField()
    low = models.BigIntegerField()
    upto = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    shapes = ArrayField(models.IntegerField())  # which columns of which tables, see core.positions
    root = models.BinaryField()
    previous = models.BinaryField()
    key = models.PositiveSmallIntegerField()
    signature = models.BinaryField()

    field_classes = classified(C0="id number made_at low upto rows shapes root previous key signature")
    append_only = True

    def __str__(self) -> str:
        return f"seal {self.number}"


class SealedRows(models.Model):
    """Which rows of one table a seal covers: for each 16 bytes of its key and the 32 of its leaf. Only names what does not fit."""

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="tables")
    shape = models.IntegerField()
    packed = models.BinaryField()

    field_classes = classified(internal="id seal shape packed")
    append_only = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seal", "shape"], name="sealed_once")]

    def __str__(self) -> str:
        return f"{self.seal_id} {self.shape}"


class Blanked(models.Model):
    """A line of history of which an erasure left the codes: its leaf in the seal, and that of the line as it is since.

    Written by the function that erases and by nobody else. `subject` is that of the event which says so (core.seals.BLANKED);
    without that event the note counts for nothing.
    """

    subject = models.UUIDField()
    shape = models.IntegerField()
    key = models.BinaryField()
    before = models.BinaryField()
    after = models.BinaryField()

    field_classes = classified(internal="id subject shape key before after")
    wall: ClassVar[Wall] = Wall(own="true", insert="false", append_only=True)

    class Meta:
        indexes = [models.Index(fields=["shape", "key", "after"], name="blanked_line")]

    def __str__(self) -> str:
        return f"{self.shape} {bytes(self.key).hex()}"


class SealCheck(models.Model):
    """A check of the seals `first` to `last`, and what did not fit: a list of {seal, what, table, row}, the first first."""

    at = models.DateTimeField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    rows = models.PositiveBigIntegerField()
    problems = models.JSONField(default=list)

    field_classes = classified(C0="id at first last rows problems")
    append_only = True

    def __str__(self) -> str:
        return f"{self.first}-{self.last} {self.at}"


class RestoreDrill(models.Model):
    """One trial whether a backup comes back to life; written by `manage.py drill`. Figures only, nobody's data."""

    at = models.DateTimeField()
    good = models.BooleanField()
    bytes = models.BigIntegerField(default=0)
    dump_seconds = models.FloatField(default=0)
    seconds = models.FloatField(default=0)
    says = models.TextField(blank=True)

    field_classes = classified(C0="id at good bytes dump_seconds seconds says")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.good}"

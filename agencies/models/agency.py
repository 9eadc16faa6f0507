"""Who are the agencies, who works for them, and which systems ask in their name?"""

from __future__ import annotations

from datetime import datetime

from allauth.idp.oidc.models import Client
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now, TruncDate
from django.utils.translation import gettext_lazy as _

from agencies.enums import AgencyKind, ClosedFor, Role
from agencies.models.columns import who
from refugeecm.core import crypto
from refugeecm.core.classes import classified
from refugeecm.core.history import track

NUMBERS = 256  # of keys: the number is one byte of what is sealed


class Agency(models.Model):
    """An organisation that keeps its own people's records here. All of this is public among the agencies of a deployment."""

    code = models.CharField(
        _("code"),
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9]{1,11}$", _("Use 2 to 12 capitals and digits."))],
    )
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=AgencyKind)
    country = models.CharField(_("country"), max_length=3, help_text=_("ISO 3166-1 alpha-3"))
    # Says whose office this is, and opens nothing: a branch is an agency like any other (docs/decisions/0009).
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="branches", verbose_name=_("branch of")
    )
    # Since when it has had two administrators; before, it can neither agree with others nor have API clients.
    live_since = models.DateTimeField(null=True)
    invite_domains = models.CharField(
        _("domains of e-mail addresses"), max_length=500, blank=True, default="", db_default=""
    )  # with spaces between; empty allows any
    # Whether what its people upload goes to the deployment's virus scanner, where there is one (refugeecm.core.scanning).
    scans_uploads = models.BooleanField(_("uploads go to the virus scanner"), default=True, db_default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    field_classes = classified(
        C0="id code name kind country parent live_since created_at", C1="invite_domains scans_uploads"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="no_branch_of_itself")
        ]

    def __str__(self) -> str:
        return self.name


class AgencyKey(models.Model):
    """The key that wraps the keys of an agency's people, itself wrapped by a key from outside the database."""

    agency = models.OneToOneField(Agency, on_delete=models.PROTECT, primary_key=True, related_name="key")
    wrapped = models.BinaryField()
    # While a key is being changed, the one of before still opens what it sealed (agencies.actions.keys).
    number = models.PositiveSmallIntegerField(default=0, db_default=0)
    previous = models.BinaryField(default=b"", db_default=b"")
    rotated_at = models.DateTimeField(null=True)

    field_classes = classified(internal="agency wrapped number previous rotated_at")

    def __str__(self) -> str:
        return f"key of {self.agency_id}"

    @property
    def place(self) -> str:
        """What the wrapped keys are bound to."""
        return f"agencies_agencykey.wrapped|{self.agency_id}"

    def plain(self) -> crypto.Ring:
        """Return the keys, 32 bytes each. Raises crypto.Unreadable when the outer key is not configured."""
        found = {self.number: crypto.unwrap_with_master(self.wrapped, place=self.place)}
        if self.previous:
            before = (self.number - 1) % NUMBERS
            found[before] = crypto.unwrap_with_master(self.previous, place=self.place)
        return crypto.Ring(found)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Questions about many memberships."""

    def in_force(self) -> MembershipQuerySet:
        """Return those that give something now: neither closed nor run out, of users who may sign in."""
        return self.filter(
            models.Q(expires_on=None) | models.Q(expires_on__gte=TruncDate(Now())),
            is_active=True,
            user__is_active=True,
        )

    def administrators(self) -> MembershipQuerySet:
        """Return those of administrators."""
        return self.filter(role=Role.ADMINISTRATOR)

    def unseen_since(self, moment: datetime) -> MembershipQuerySet:
        """Return those that nobody has used since the moment; who never came counts from the day of joining."""
        return self.filter(
            models.Q(last_seen_at__lt=moment) | models.Q(last_seen_at=None), created_at__lt=moment
        )


@track(exclude=["last_seen_at", "reminded_days"])
class Membership(models.Model):
    """A person's role in an agency."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    is_active = models.BooleanField(_("active"), default=True)
    closed_for = models.CharField(
        _("closed because"), max_length=20, choices=ClosedFor, blank=True, default="", db_default=""
    )
    expires_on = models.DateField(
        _("until"), null=True, help_text=_("The last day on which the membership gives anything.")
    )
    last_seen_at = models.DateTimeField(_("last seen"), null=True)  # written at most once an hour
    reminded_days = models.PositiveSmallIntegerField(default=0, db_default=0)  # of being away: 0, 30 or 60
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()
    field_classes = classified(
        C1="id user agency role is_active closed_for expires_on last_seen_at reminded_days created_at"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "agency"], name="one_role_in_an_agency")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.agency_id}"


class ApiClient(models.Model):
    """A partner's system: an OAuth2 client bound to one agency. The secret is stored hashed by the identity provider."""

    client = models.OneToOneField(Client, on_delete=models.CASCADE, related_name="api_client")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="api_clients")
    name = models.CharField(_("name"), max_length=100)
    is_active = models.BooleanField(_("active"), default=True)
    created_by = who()
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(_("last used"), null=True)  # written at most once an hour

    field_classes = classified(
        C1="id agency name is_active created_by created_at last_used_at", internal="client"
    )

    def __str__(self) -> str:
        return self.name

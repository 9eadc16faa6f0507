"""With whose word do an agency's people sign in?"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models.agency import Agency, AgencyKey
from refugeecm.core import crypto
from refugeecm.core.classes import classified


class IdentityProvider(models.Model):
    """The identity provider of one agency (OpenID Connect Core 1.0); it vouches for the agency's own people and nobody else."""

    agency = models.OneToOneField(Agency, on_delete=models.PROTECT, primary_key=True, related_name="provider")
    issuer = models.URLField(_("issuer"), max_length=300)
    client_id = models.CharField(_("client id"), max_length=200)
    secret = models.BinaryField()  # sealed with the agency's key
    domains = models.CharField(_("e-mail domains"), max_length=500)  # separated by blanks
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    sealed_by_agency: ClassVar[dict[str, str]] = {"secret": "agencies_identityprovider.secret|{pk}"}
    field_classes = classified(C1="agency issuer client_id domains changed_by changed_at", internal="secret")

    def __str__(self) -> str:
        return self.issuer

    @property
    def place(self) -> str:
        """The place that the sealed secret is bound to."""
        return f"agencies_identityprovider.secret|{self.agency_id}"

    def plain_secret(self) -> str:
        """Return the client secret. Raises crypto.Unreadable when the keys are not those of its time."""
        key = AgencyKey.objects.get(agency_id=self.agency_id).plain()
        return crypto.unseal(self.secret, key=key, place=self.place).decode()

    def vouches_for(self, email: str) -> bool:
        """Answer whether the address is in a domain that the agency named."""
        return email.rpartition("@")[2].lower() in self.domains.split()

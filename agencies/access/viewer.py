"""Who is looking?"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from agencies.access.permissions import CLIENT_PERMISSIONS, ROLES, Permission
from agencies.enums import Channel
from agencies.models import Agency, ApiClient, Membership


@dataclass(frozen=True)
class Viewer:
    """A member at a page, a partner's system at the API, or a worker: always somebody of one agency, with permissions."""

    agency: Agency
    permissions: frozenset[Permission]
    channel: str = Channel.PAGES
    user_id: int | None = None
    client_id: str = ""
    role: str = ""
    request_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def agency_id(self) -> int:
        """The agency whose rows are the viewer's own."""
        return self.agency.pk

    def may(self, permission: Permission) -> bool:
        """Answer whether the viewer's role has the permission."""
        return permission in self.permissions


def member(membership: Membership) -> Viewer:
    """Return the viewer that a membership makes of its user."""
    permissions = ROLES.get(membership.role, frozenset()) if membership.is_active else frozenset()
    return Viewer(
        agency=membership.agency, permissions=permissions, user_id=membership.user_id, role=membership.role
    )


def client(api_client: ApiClient) -> Viewer:
    """Return the viewer that a partner's system is."""
    permissions = CLIENT_PERMISSIONS if api_client.is_active else frozenset()
    return Viewer(
        agency=api_client.agency, permissions=permissions, channel=Channel.API, client_id=api_client.client_id
    )


def webhook_for(agency: Agency) -> Viewer:
    """Return the viewer that an agency's own system is when it is told of something: it sees by that channel, and may do nothing."""
    return Viewer(agency=agency, permissions=frozenset(), channel=Channel.WEBHOOKS, role="webhook")


def worker_for(agency: Agency, *, user_id: int | None = None) -> Viewer:
    """Return the viewer that a worker is while it works for an agency, on behalf of the person who asked for the work."""
    return Viewer(agency=agency, permissions=frozenset(Permission), user_id=user_id, role="worker")

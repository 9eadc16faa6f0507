"""What does every page need: navigation, who is looking, where to search?"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.enums import Role

# (permission, label, address name, address prefixes)
PLACES: list[tuple[Permission, Any, str, str | tuple[str, ...]]] = [
    (Permission.HOME, _("Today"), "home", "/"),
    (Permission.PERSON_REGISTER, _("Registration"), "registration", "/registration/"),
    (Permission.PERSON_READ, _("People"), "people", ("/people/", "/households/", "/conflicts/")),
    (Permission.PERSON_READ, _("Documents"), "documents", "/documents/"),
    (
        Permission.NEED_RESTRICTED,
        _("Children"),
        "children",
        ("/children/", "/deadlines/", "/representatives/"),
    ),
    (Permission.TRACE, _("Family tracing"), "tracings", "/tracing/"),
    (Permission.MATCH_REVIEW, _("Duplicates"), "duplicates", ("/duplicates/", "/merges/")),
    (Permission.EVENT_READ, _("Events"), "events", ("/events/", "/entry-points/")),
    (Permission.IMPORT_READ, _("Imports"), "imports", "/imports/"),
    (Permission.CLAIM_READ, _("Cases"), "claims", "/claims/"),
    (Permission.REFERRAL_READ, _("Referrals"), "referrals", "/referrals/"),
    (Permission.AGENCY_READ, _("Agencies"), "agencies", "/agencies/"),
    (Permission.AGREEMENT_READ, _("Agreements"), "agreements", "/agreements/"),
    (Permission.MEMBER_READ, _("Members"), "members", "/members/"),
    (Permission.REVIEW, _("Reviews of access"), "reviews", "/reviews/"),
    (Permission.CLIENT_READ, _("API clients"), "clients", "/clients/"),
    (Permission.WEBHOOK_READ, _("Webhooks"), "webhooks", "/webhooks/"),
    (Permission.EXPORT, _("Exports"), "exports", "/exports/"),
    (Permission.RETENTION_READ, _("Retention"), "retention", ("/retention/", "/erasures/")),
    (Permission.REGISTER_READ, _("Registers"), "registers", "/registers/"),
    (Permission.AUDIT_READ, _("Audit"), "audit", ("/audit/", "/access-explained/")),
]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the shell; without a viewer there is no navigation."""
    viewer: Viewer | None = getattr(request, "viewer", None)
    if viewer is None:
        return {"nav": [], "viewer": None}
    nav = [
        {
            "url": reverse(name),
            "icon": name,
            "label": label,
            "current": request.path == prefix if prefix == "/" else request.path.startswith(prefix),
        }
        for permission, label, name, prefix in PLACES
        if viewer.may(permission)
    ]
    return {
        "nav": nav,
        "viewer": viewer,
        "lock_after": settings.DESK_LOCK_SECONDS if request.session.get("desk") else 0,
        "viewer_agency": viewer.agency.name,
        "viewer_role": Role(viewer.role).label,
        "may": {permission.name: True for permission in viewer.permissions},
        "search_url": reverse("people") if viewer.may(Permission.PERSON_READ) else "",
    }

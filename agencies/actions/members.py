"""How do people come to an agency, change what they are there, and go?"""

from agencies.access import ROLES, Permission
from agencies.models import Membership


def still_may(user_id: int | None, agency_id: int, permission: Permission) -> bool:
    """Answer whether the user is a member of the agency now and their role has the permission: for work that runs on.

    An export or a delivery that a person asked for asks again before each step; a page need not, `requires` does.
    """
    found = Membership.objects.in_force().filter(user_id=user_id or 0, agency_id=agency_id)
    role = found.values_list("role", flat=True).first()
    return role is not None and permission in ROLES.get(role, frozenset())

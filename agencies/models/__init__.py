"""The tables of the first floor."""

from agencies.models.agency import Agency, AgencyKey, ApiClient, Membership
from agencies.models.agreement import Agreement
from agencies.models.notification import Notification

__all__ = ["Agency", "AgencyKey", "Agreement", "ApiClient", "Membership", "Notification"]

"""By when is a partner's answer due?"""

from datetime import datetime, timedelta

# Our own times, by the urgency that the sender gives. The law knows none for referrals between agencies.
ANSWER_WITHIN = {
    "emergency": timedelta(hours=24),
    "urgent": timedelta(days=3),
    "normal": timedelta(days=14),
}


def answer_by(urgency: str, made_at: datetime) -> datetime:
    """Return the moment by which the partner should have answered. Raises KeyError for an unknown urgency."""
    return made_at + ANSWER_WITHIN[urgency]

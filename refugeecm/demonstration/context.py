"""Does a page say that it shows a demonstration, and does the sign-in page have doors?"""

from typing import Any

from django.http import HttpRequest

from refugeecm.demonstration import accounts


def demonstration(request: HttpRequest) -> dict[str, Any]:
    """Return the context: `demonstration`, and `demonstration_accounts`, which only the sign-in page calls."""
    return {"demonstration": accounts.here(), "demonstration_accounts": accounts.doors}

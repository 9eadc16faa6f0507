"""How long does a world live? One module; it is real, committed data, and the tables are emptied after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import override_settings

from tests.house.building import Builder
from tests.house.world import World


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The world, in real transactions: what a request commits stays, what it leaks would be seen by the next."""
    with django_db_blocker.unblock():
        cache.clear()
        try:
            with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
                built = Builder().build()  # nobody signs in by a secret here, and nine of them cost seconds
            yield built
        finally:
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False, allow_cascade=False)
            cache.clear()

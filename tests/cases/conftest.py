"""Which partner's system and which claim do the tests of the API begin with?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cases.models import Claim
from registration.models import Individual
from tests.cases.systems import System, open_claim
from tests.conftest import Cast, Person


@pytest.fixture
def system(settings: Any, api_client: Any) -> Callable[[Person], System]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

    def make(admin: Person) -> System:
        client, secret = api_client(admin)
        return System(client.client_id, secret)

    return make


@pytest.fixture
def claim(cast: Cast, family: list[Individual]) -> Claim:
    """The mother's claim."""
    return open_claim(cast, family[0])

"""Fixtures for tests of the API of keys."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.keys import create_key
from accounts.models import User
from tests.conftest import ApiClient

PATH = "/v1/user/api-keys"


@pytest.fixture
def client_with(user: User) -> Callable[..., ApiClient]:
    """Create a client whose key has these fields."""

    def make(**fields: Any) -> ApiClient:
        return ApiClient(create_key(user, key_name=f"client {fields}", **fields)[1])

    return make

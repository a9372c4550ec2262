"""The data of an old client: a key, a session with messages, a link, feedback and activity."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import User
from chat.models import ChatSession
from tests.conftest import ApiClient


@pytest.fixture
def chat(api: ApiClient) -> dict[str, Any]:
    """A session with a question and an answer."""
    session = api.post_json("/v1/chat/sessions", {"title": "Old"}).json()["data"]
    for role in ("user", "assistant"):
        body = {"role": role, "content": "Hello", "model": "acme/one", "tokens": 3}
        assert (
            api.post_json(f"/v1/chat/sessions/{session['id']}/messages", body).status_code == 201
        )
    assert ChatSession.objects.filter(pk=session["id"]).exists()
    return session


@pytest.fixture
def staff_api(db: None) -> ApiClient:
    """A client with the key of a superuser."""
    boss = User.objects.create_superuser("boss@example.com", "correct horse battery")
    boss.email_verified_at = timezone.now()
    boss.save()
    _, secret = create_key(boss, key_name="staff")
    return ApiClient(secret)

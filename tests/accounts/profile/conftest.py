"""A user with rows of every kind."""

from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from accounts.activity import dead_letters
from accounts.activity.events import Event, encode, new_event_id, write_events
from accounts.confirmation.addresses import confirm_address
from accounts.confirmation.links import AddressLink
from accounts.models import ApiKey, User
from tests.conftest import ApiClient


def event_of(user: User, key: ApiKey | None = None) -> Event:
    return Event(
        event_id=new_event_id(),
        user_id=user.pk,
        api_key_id=key.pk if key else None,
        timestamp=timezone.now(),
        model="m",
        provider="p",
        tokens=3,
        cost=0.5,
        speed=0.0,
        finish_reason="stop",
        app="Test",
        metadata={"note": "of " + str(user)},
    )


def fill(client: ApiClient, user: User) -> dict[str, Any]:
    """Create rows of every kind for a user. Returns their ids."""
    post = client.post_json
    session = post("/v1/chat/sessions", {"title": f"of {user}"}).json()["data"]["id"]
    said = {"role": "user", "content": f"I am {user}"}
    message = post(f"/v1/chat/sessions/{session}/messages", said).json()["data"]["id"]
    trash = post(
        "/v1/chat/sessions", {"title": "Trash"}, headers={"Idempotency-Key": f"of-{user}"}
    ).json()["data"]["id"]
    post(f"/v1/chat/sessions/{trash}/messages", said)
    client.delete(f"/v1/chat/sessions/{trash}")
    post("/v1/chat/feedback", {"feedback_type": "thumbs_up", "message_id": message})
    token = post("/v1/chat/share", {"session_id": session}).json()["data"]["share_token"]
    for before, email in ((user.email, f"x-{user}"), (f"x-{user}", user.email)):
        confirm_address(AddressLink(user.pk, before, email), password="")
    key = ApiKey.objects.filter(user=user).get()
    write_events([event_of(user, key)])
    dead_letters.set_aside(encode(event_of(user)), ValueError("x"))
    user.groups.add(Group.objects.get_or_create(name="Readers")[0])
    LogEntry.objects.create(
        user=User.objects.get_or_create(email="root@example.com", username="root")[0],
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=str(user),
        action_flag=CHANGE,
        change_message=f"of {user}",
    )
    return {"session": session, "message": message, "trash": trash, "share_token": token}


@pytest.fixture
def filled(api: ApiClient, user: User) -> dict[str, Any]:
    return fill(api, user)


@pytest.fixture
def stranger(stranger_api: ApiClient) -> User:
    user = User.objects.get(email="eve@example.com")
    fill(stranger_api, user)
    return user

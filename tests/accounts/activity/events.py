"""Events of activity as tests write them."""

from typing import Any

from django.utils import timezone

from accounts.activity.events import Event, new_event_id
from accounts.models import User


def event_of(user: User, **fields: Any) -> Event:
    """An event of a user, now and without a key, of which only `fields` matter to the test."""
    return Event(
        **{
            "event_id": new_event_id(),
            "user_id": user.pk,
            "api_key_id": None,
            "timestamp": timezone.now(),
            "model": "",
            "provider": "",
            "tokens": 0,
            "cost": 0.0,
            "speed": 0.0,
            "finish_reason": "",
            "app": "",
            "metadata": {},
            **fields,
        }
    )

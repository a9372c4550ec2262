"""Activity events of chats, as the activity log stores them."""

from typing import Any

from accounts import activity
from accounts.principals.principal import Principal


def chat_event(
    owner: Principal,
    action: str,
    finish_reason: str,
    *,
    model: str = "",
    tokens: int = 0,
    stored_bytes: int = 0,
    **details: Any,
) -> activity.Event:
    """Return an event for `action` by `owner`; `details` must be JSON."""
    return activity.new_event(
        user_id=owner.user_id,
        api_key_id=owner.key_id,
        model=model,
        provider=_provider(model),
        tokens=tokens,
        stored_bytes=stored_bytes,
        finish_reason=finish_reason,
        app="Chat",
        metadata={"action": action, **details},
    )


def record_chat(owner: Principal, action: str, finish_reason: str, **details: Any) -> None:
    """Record, once the transaction commits, `action` by `owner`; `details` as for `chat_event`."""
    activity.record_events([chat_event(owner, action, finish_reason, **details)])


def _provider(model: str) -> str:
    """Return the provider of `model`: the part before the slash of names like `openai/gpt-4o`."""
    provider, slash, _ = model.partition("/")
    return provider if slash else ""

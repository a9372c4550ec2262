"""Storage limits of plans, counted by the worker and checked without I/O.

Each activity event says how many bytes were stored; the worker adds them up in the statement that
writes the event. Database triggers subtract what is deleted. The cached principal of a key says
whether the plan's storage is used up, and the key is dropped from the cache when that happens.
"""

from accounts.models import User
from accounts.principals.principal import Principal
from gatewayz.errors import TooManyRequests

# Counted for a session itself, besides its messages.
SESSION_BYTES = 500

RETRY_AFTER_SECONDS = 300


class StorageUsedUp(TooManyRequests):
    """429: the user has stored as much as the plan allows."""

    default_detail = "This account has reached its plan's storage limit."
    default_code = "plan_storage"
    wait = RETRY_AFTER_SECONDS


def check_storage(owner: Principal) -> None:
    """Raise StorageUsedUp when `owner` may not store anything more."""
    if owner.storage_is_used_up:
        raise StorageUsedUp


def storage_left_bytes(user_id: int) -> int | None:
    """Return how much more a user may store, by the database; None without a limit."""
    of_user = User.objects.filter(pk=user_id)
    row = of_user.values_list("plan__max_storage_bytes", "storage__bytes").first()
    max_bytes, stored_bytes = row or (None, None)
    return None if max_bytes is None else max_bytes - (stored_bytes or 0)

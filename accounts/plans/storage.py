"""Storage limits of plans, counted by the worker and checked without I/O.

Each activity event says how many bytes were stored; the worker adds them up in the statement that
writes the event. Database triggers subtract what is deleted. The cached principal of a key says
whether the plan's storage is used up, and the key is dropped from the cache when that happens.
"""

from http import HTTPStatus

from rest_framework.exceptions import APIException

from accounts.principals.principal import Principal

# Counted for a session itself, besides its messages.
SESSION_BYTES = 500

RETRY_AFTER_SECONDS = 300


class StorageUsedUp(APIException):
    """429: the user has stored as much as the plan allows."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_detail = "This account has reached its plan's storage limit."
    default_code = "plan_storage"
    wait = RETRY_AFTER_SECONDS


def check_storage(owner: Principal) -> None:
    """Raise StorageUsedUp when `owner` may not store anything more."""
    if owner.storage_is_used_up:
        raise StorageUsedUp

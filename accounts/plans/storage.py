"""How much users may store: counted by the worker, checked without asking anybody.

Each event of activity says how many bytes were stored, which the worker adds up in the statement
that writes it. What is deleted is taken off by triggers of the tables. The principal of a key, as
it is cached, says whether the plan's storage is used up; the key is forgotten when it is.
"""

from http import HTTPStatus

from rest_framework.exceptions import APIException

from accounts.principals.principal import Principal

# Of a session, beside its messages.
SESSION_BYTES = 500

RETRY_AFTER_SECONDS = 300


class StorageUsedUp(APIException):
    """429: the user stores as much as the plan allows."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_detail = "This account has reached its plan's limit of storage."
    default_code = "plan_storage"
    wait = RETRY_AFTER_SECONDS


def check_storage(owner: Principal) -> None:
    """Raise StorageUsedUp when `owner` may store nothing more."""
    if owner.storage_is_used_up:
        raise StorageUsedUp

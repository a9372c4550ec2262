"""From an API key to its principal: the look-up before every request."""

import logging

from django.conf import settings
from redis.exceptions import RedisError

from accounts import key_format
from accounts.key_entries import forget_on_commit, keep_entry, read_entry
from accounts.models import ApiKey, User
from accounts.principal import Principal

logger = logging.getLogger(__name__)

LOADED_FIELDS = (
    "key_digest",
    "user_id",
    "id",
    "is_active",
    "user__is_active",
    "user__is_staff",
    "environment_tag",
    "expiration_date",
)


def get_user(api_key: str) -> Principal | None:
    """The principal of `api_key`, or None when there is no such key.

    The principal of a key that may not be used now says so: see `Principal.refusal`. A key
    whose checksum is wrong costs no I/O; a cached one, one Redis read; any other, one SQL
    statement. Without Redis every look-up goes to the database.

    Raises django.db.OperationalError when the database is needed and does not answer.
    """
    if not key_format.is_well_formed(api_key) and not (
        settings.ACCEPT_LEGACY_KEYS and key_format.is_legacy(api_key)
    ):
        return None
    digests = [key_format.digest(api_key, pepper) for pepper in settings.KEY_PEPPERS]
    try:
        principal = read_entry(digests[0])
        if principal is None:
            principal = _load(api_key, digests)
            if principal is not None:
                keep_entry(digests[0], principal)
    except RedisError:
        logger.warning("The key cache does not answer: asking the database", exc_info=True)
        return _load(api_key, digests)
    return principal


def current_digest(api_key: str) -> str:
    """The digest under which `api_key` is stored: that of the newest pepper."""
    return key_format.digest(api_key, settings.KEY_PEPPERS[0])


def invalidate_user(user_id: int) -> None:
    """Forget every key of one user once the current transaction commits."""
    forget_on_commit(User.objects.filter(pk=user_id).key_digests())


def _load(api_key: str, digests: list[str]) -> Principal | None:
    """The principal of `api_key` from the database, in one statement."""
    row = ApiKey.objects.with_digest(digests).values_list(*LOADED_FIELDS).first()
    if row is not None:
        key_digest, user_id, key_id, key_is_active, user_is_active, is_staff, tag, expires = row
        if key_digest != digests[0]:
            # Digested under a pepper that is on its way out.
            ApiKey.objects.filter(pk=key_id).update(key_digest=digests[0])
        return Principal(
            user_id=user_id,
            key_id=key_id,
            key_is_active=key_is_active,
            user_is_active=user_is_active,
            is_staff=is_staff,
            environment_tag=tag,
            expires_at=expires.timestamp() if expires else None,
        )
    if key_format.is_legacy(api_key):
        return _load_legacy(digests)
    return None


def _load_legacy(digests: list[str]) -> Principal | None:
    """The principal of a key that the old service kept in its users table."""
    row = User.objects.with_legacy_key(digests).values_list("id", "is_active", "is_staff").first()
    if row is None:
        return None
    user_id, user_is_active, is_staff = row
    return Principal(
        user_id=user_id,
        key_id=None,
        key_is_active=True,
        user_is_active=user_is_active,
        is_staff=is_staff,
        environment_tag=ApiKey.Environment.LIVE,
        expires_at=None,
    )

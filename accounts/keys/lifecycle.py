"""Verbs on API keys: create, update, rotate, deactivate and delete.

`by` is the calling principal, whose key bounds what it may do (accounts.keys.bounds). None means
an operator, who may do anything.

On commit, the models drop the changed rows from the key cache: see
accounts.models.cached_rows.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts import activity, audit, notifications
from accounts.access.key_lookup import current_digest
from accounts.keys import bounds
from accounts.models import ApiKey, Notification, RateLimitConfig, User
from accounts.models.api_keys import revoke_legacy_keys
from accounts.principals import key_format
from accounts.principals.principal import Principal
from gatewayz.errors import Conflict

# Per user, so that operations on all keys of a user are bounded.
MAX_KEYS = 100

MAX_GRACE_SECONDS = 30 * 86_400

_NAME_CONSTRAINT = "uniq_api_keys_new_user_name"


class KeyNameTaken(Conflict):
    """409: the user has another key with this name."""

    default_detail = "You already have an API key with this name."
    default_code = "key_name_taken"


class TooManyKeys(Conflict):
    """409: the user has as many keys as are allowed."""

    default_detail = f"You already have {MAX_KEYS} API keys: delete one first."
    default_code = "too_many_keys"


class LastManagingKey(Conflict):
    """409: no remaining key of the user could manage keys."""

    default_detail = (
        "After this, none of your API keys could manage keys. If that is intended, "
        "send `confirm_last_key: true` with the request."
    )
    default_code = "last_managing_key"


def create_key(
    owner: User | Principal,
    *,
    key_name: str,
    environment_tag: str | None = None,
    expiration_date: datetime | None = None,
    scope_permissions: Mapping[str, list[str]] | None = None,
    ip_allowlist: list[str] | None = None,
    domain_referrers: list[str] | None = None,
    max_requests: int | None = None,
    by: Principal | None = None,
) -> tuple[ApiKey, str]:
    """Create a key for `owner`; the first one becomes the primary key.

    `None` inherits from the calling key; for operators it means live, no expiry, no restrictions.

    Returns the key and its secret, which is shown only once.

    Raises KeyNameTaken or TooManyKeys (409), or bounds.ExceedsOwnKey (403).
    """
    given = {
        "environment_tag": environment_tag,
        "expiration_date": expiration_date,
        "scope_permissions": scope_permissions,
        "ip_allowlist": ip_allowlist,
        "domain_referrers": domain_referrers,
        "max_requests": max_requests,
    }
    fields = bounds.own_bounds(by) if by else {}
    fields |= {name: value for name, value in given.items() if value is not None}
    key = ApiKey(user_id=owner.pk, key_name=key_name, **fields)
    if by is not None:
        bounds.check_may_add(by)
        bounds.check_within(by, key)
    secret = _renew_secret(key)
    with transaction.atomic():
        key.is_primary = _needs_primary(owner.pk)
        _save_named(key, key.save)
        if by is not None and (limits := bounds.own_limits(by)):
            RateLimitConfig.objects.create(api_key=key, **limits)
        _record(key, "key_created", after=_audited(key))
        _notify_of_new(key)
    return key, secret


def update_key(
    key: ApiKey,
    changes: Mapping[str, Any],
    *,
    by: Principal | None = None,
    confirm_last_key: bool = False,
) -> ApiKey:
    """Set the fields of `key` named in `changes`. Returns the updated key.

    A key that becomes the primary key takes that from the current one.

    Raises Http404 when the key is gone, ValidationError for another environment or when no key
    would be the primary one, KeyNameTaken (409), LastManagingKey (409) when no remaining key could
    manage keys and that is not confirmed, or bounds.ExceedsOwnKey (403).
    """
    with _requiring_managing_key(key, by, confirmed=confirm_last_key):
        key = _locked(key, by)
        if changes.get("environment_tag", key.environment_tag) != key.environment_tag:
            raise ValidationError(
                {"environment_tag": ["The environment of a key cannot be changed."]}
            )
        if changes.get("is_primary", key.is_primary) != key.is_primary:
            _hand_over_primary(key, by)
        before = {name: getattr(key, name) for name in changes}
        for name, value in changes.items():
            setattr(key, name, value)
        if by is not None:
            bounds.check_within(by, key)
        _save_named(key, lambda: key.save(update_fields=[*changes, "updated_at"]))
        if not key.is_active:
            revoke_legacy_keys(
                digest for digest in (key.key_digest, key.previous_digest) if digest
            )
        _record(key, "key_updated", before=before, after=dict(changes))
    return key


def rotate_key(key: ApiKey, *, grace_seconds: int = 0, by: Principal | None = None) -> str:
    """Give `key` a new secret; the old one keeps working for `grace_seconds`.

    A key has at most one old secret: one still in its grace period stops working now.

    Returns the new secret, which is shown only once.

    Raises Http404 when the key is gone, or bounds.ExceedsOwnKey (403).
    """
    with transaction.atomic():
        old = _locked(key, by)
        secrets = _rotate([old], grace_seconds)
    key.refresh_from_db()
    return secrets[old.pk]


def rotate_keys(
    owner: Principal, *, environment_tag: str | None = None, grace_seconds: int = 0
) -> list[tuple[ApiKey, str]]:
    """Rotate every active key of `owner`, or of one environment; all or none.

    Returns each key with its new secret, which is shown only once.

    Raises bounds.ExceedsOwnKey (403) when one of them may do more than the calling key.
    """
    with transaction.atomic():
        rotated = ApiKey.objects.owned_by(owner).active()
        if environment_tag is not None:
            rotated = rotated.in_environment(environment_tag)
        keys = list(rotated.order_by("id").select_for_update(no_key=True))
        for key in keys:
            bounds.check_within(owner, key)
        secrets = _rotate(keys, grace_seconds)
    return [(key, secrets[key.pk]) for key in keys]


def deactivate_key(key: ApiKey) -> None:
    """Deactivate `key`: it is denied everywhere within 100 ms of the commit.

    For operators and commands; a user's DELETE calls `delete_key`.
    """
    with transaction.atomic():
        ended = ApiKey.objects.filter(pk=key.pk).locked()
        ended.update(is_active=False, updated_at=timezone.now())
        revoke_legacy_keys(ended.key_digests())
        _record(key, "key_revoked", after={"is_active": False})
    key.is_active = False


def delete_key(
    key: ApiKey, *, by: Principal | None = None, confirm_last_key: bool = False
) -> None:
    """Delete `key`. If it was the primary key, the oldest active key becomes that.

    Raises Http404 when the key is gone, LastManagingKey (409) when no remaining key could manage
    keys and that is not confirmed, or bounds.ExceedsOwnKey (403).
    """
    with _requiring_managing_key(key, by, confirmed=confirm_last_key):
        key = _locked(key, by)
        _record(key, "key_deleted", before=_audited(key))
        # Drops the key from the cache of every process on commit, and its digest from the users
        # table: see accounts.models.cached_rows.
        key.delete()
        if key.is_primary:
            oldest = ApiKey.objects.filter(user_id=key.user_id).active().order_by("created_at")
            ApiKey.objects.filter(pk__in=oldest.values("pk")[:1]).update(is_primary=True)


def _needs_primary(user_id: int) -> bool:
    """Whether the user's next key becomes the primary one. Raises TooManyKeys."""
    # Of two concurrent first keys, only one may.
    _lock_owner(user_id)
    primaries = ApiKey.objects.filter(user_id=user_id).values_list("is_primary", flat=True)
    others = list(primaries.order_by()[:MAX_KEYS])
    if len(others) == MAX_KEYS:
        raise TooManyKeys
    return not any(others)


def _notify_of_new(key: ApiKey) -> None:
    """Notify the owner, since somebody else may have created the key."""
    details = {"key_id": key.pk, "key_name": key.key_name, "masked_key": key.masked}
    cause = f"key:{key.pk}:created"
    notifications.notify(
        [notifications.Notice(key.user_id, Notification.Kind.KEY_CREATED, cause, details)]
    )


def _hand_over_primary(key: ApiKey, by: Principal | None) -> None:
    """Take the primary flag from the current primary key, which `by` must be allowed to manage."""
    if key.is_primary:
        raise ValidationError({"is_primary": ["Make another key the primary key instead."]})
    for primary in ApiKey.objects.filter(user_id=key.user_id).primary():
        _locked(primary, by)
        ApiKey.objects.filter(pk=primary.pk).update(is_primary=False, updated_at=timezone.now())


def _lock_owner(user_id: int) -> None:
    """Make other transactions that add or remove keys of this user wait for this one."""
    User.objects.select_for_update(no_key=True).values_list("pk").get(pk=user_id)


def _locked(key: ApiKey, by: Principal | None) -> ApiKey:
    """Lock and reload the key, and check that `by` may manage it."""
    key = get_object_or_404(ApiKey.objects.select_for_update(no_key=True), pk=key.pk)
    if by is not None:
        bounds.check_within(by, key)
    return key


@contextmanager
def _requiring_managing_key(
    key: ApiKey, by: Principal | None, *, confirmed: bool
) -> Iterator[None]:
    """Run a transaction that fails if it leaves the user without a key that can manage keys.

    Operators, confirmed requests and users who had no such key before are exempt.
    """
    managers = ApiKey.objects.filter(user_id=key.user_id).managing_keys()
    with transaction.atomic():
        _lock_owner(key.user_id)
        needed = by is not None and not confirmed and managers.exists()
        yield
        if needed and not managers.exists():
            raise LastManagingKey


def _save_named(key: ApiKey, save: Callable[[], None]) -> None:
    try:
        # A savepoint, so that the surrounding transaction survives.
        with transaction.atomic():
            save()
    except IntegrityError as exc:
        if _NAME_CONSTRAINT not in str(exc):
            raise
        raise KeyNameTaken from exc


def _rotate(keys: list[ApiKey], grace_seconds: int) -> dict[int, str]:
    """Give locked keys new secrets. Returns the secrets by key id."""
    now = timezone.now()
    secrets, ended, masked = {}, [], {}
    for key in keys:
        ended.append(key.key_digest)
        masked[key.pk] = key.masked
        in_grace = grace_seconds > 0
        key.previous_digest = key.key_digest if in_grace else None
        key.previous_expires_at = now + timedelta(seconds=grace_seconds) if in_grace else None
        key.updated_at = now
        secrets[key.pk] = _renew_secret(key)
    ApiKey.objects.bulk_update(
        keys,
        [
            "key_digest",
            "key_prefix",
            "last_four",
            "previous_digest",
            "previous_expires_at",
            "updated_at",
        ],
    )
    # During its grace period the old secret is found through the key; the users table, which knows
    # no grace, must not accept it any longer.
    revoke_legacy_keys(ended)
    for key in keys:
        _record(
            key,
            "key_rotated",
            before={"masked": masked[key.pk]},
            after={"masked": key.masked, "previous_expires_at": key.previous_expires_at},
        )
    return secrets


def _renew_secret(key: ApiKey) -> str:
    """Generate a secret and set the fields of `key` that derive from it."""
    secret = key_format.generate(key.environment_tag)
    key.key_prefix, key.last_four = key_format.shown_parts(secret)
    key.key_digest = current_digest(secret)
    return secret


def _audited(key: ApiKey) -> dict[str, Any]:
    names = (
        "key_name",
        "masked",
        "environment_tag",
        "is_primary",
        "scope_permissions",
        "expiration_date",
        "max_requests",
        "ip_allowlist",
        "domain_referrers",
    )
    return {name: getattr(key, name) for name in names}


def _record(
    key: ApiKey,
    what: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Record a change of `key` in the audit log and in the user's activity."""
    audit.record(
        what,
        user_id=key.user_id,
        target=audit.key_target(key.pk),
        before=before,
        after=after,
    )
    # Without `api_key_id`, which would count it as a request made with the key.
    activity.record(
        user_id=key.user_id,
        finish_reason=what,
        app="API keys",
        metadata={
            "key_id": key.pk,
            "key_name": key.key_name,
            "environment_tag": key.environment_tag,
        },
    )

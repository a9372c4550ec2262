"""What can be done to API keys."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import activity, audit, key_format, notifications
from accounts.key_cache import current_digest
from accounts.models import ApiKey, Notification, User
from accounts.models.api_keys import end_legacy_keys


def create_key(
    user: User,
    *,
    key_name: str,
    environment_tag: str = ApiKey.Environment.LIVE,
    expiration_date: datetime | None = None,
    scope_permissions: dict[str, list[str]] | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for `user`; its first one becomes the primary key.

    Without `scope_permissions` (see accounts.scopes) it may do everything.

    Returns the key and its secret, which cannot be had again.

    Raises django.db.IntegrityError when the user has a key of that name already.
    """
    secret, secret_fields = _new_secret(environment_tag)
    with transaction.atomic():
        # Two first keys made at once would both want to be the primary one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        key = ApiKey.objects.create(
            user=user,
            key_name=key_name,
            environment_tag=environment_tag,
            expiration_date=expiration_date,
            scope_permissions=scope_permissions or {},
            is_primary=not ApiKey.objects.filter(user=user).primary().exists(),
            **secret_fields,
        )
        _record(
            key,
            "key_created",
            after={
                "key_name": key.key_name,
                "masked": key.masked,
                "environment_tag": key.environment_tag,
                "expiration_date": key.expiration_date,
                "scope_permissions": key.scope_permissions,
                "is_primary": key.is_primary,
            },
        )
        notifications.tell(
            [
                notifications.Notice(
                    user_id=user.pk,
                    kind=Notification.Kind.KEY_CREATED,
                    cause=f"key:{key.pk}:created",
                    details={
                        "key_id": key.pk,
                        "key_name": key.key_name,
                        "masked_key": key.masked,
                    },
                )
            ]
        )
    return key, secret


def rotate_key(key: ApiKey) -> str:
    """Give `key` a new secret and end the old one. Returns the secret, not to be had again."""
    secret, secret_fields = _new_secret(key.environment_tag)
    with transaction.atomic():
        old = ApiKey.objects.select_for_update().get(pk=key.pk)
        ApiKey.objects.filter(pk=key.pk).update(updated_at=timezone.now(), **secret_fields)
        end_legacy_keys([old.key_digest])
        key.refresh_from_db()
        _record(key, "key_rotated", before={"masked": old.masked}, after={"masked": key.masked})
    return secret


def revoke_key(key: ApiKey) -> None:
    """Switch `key` off. It is refused from the moment that this is committed."""
    with transaction.atomic():
        ended = ApiKey.objects.filter(pk=key.pk).locked()
        ended.update(is_active=False, updated_at=timezone.now())
        end_legacy_keys(ended.key_digests())
        _record(key, "key_revoked", after={"is_active": False})
    key.is_active = False


def _record(
    key: ApiKey,
    what: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Tell the audit log of a change to `key`, and the user's activity."""
    audit.record(
        what,
        user_id=key.user_id,
        target=audit.key_target(key.pk),
        before=before,
        after=after,
    )
    # Not as a use of the key itself, whose requests are counted by `api_key_id`.
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


def _new_secret(environment_tag: str) -> tuple[str, dict[str, str]]:
    """A new secret, and the fields of ApiKey that are made from it."""
    secret = key_format.generate(environment_tag)
    key_prefix, last_four = key_format.shown_parts(secret)
    return secret, {
        "key_digest": current_digest(secret),
        "key_prefix": key_prefix,
        "last_four": last_four,
    }

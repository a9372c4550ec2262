"""Setting the rate limits of keys, within the plan of their user."""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts import audit
from accounts.keys.bounds import check_limits_within
from accounts.models import ApiKey, Plan, RateLimitConfig
from accounts.principals.principal import Principal


def configure_key(owner: Principal, key: ApiKey, limits: Mapping[str, int]) -> None:
    """Set rate limits (fields of RateLimitConfig) of the owner's `key`; 0 leaves one to the plan.

    Every process applies them as quickly as other changes to keys. Requests counted so far stay
    counted.

    Raises ValidationError, by field, for limits above those of the owner's plan, and
    keys.bounds.ExceedsOwnKey (403) for limits that the calling key may not grant.
    """
    _configure(owner, [key], limits, target=audit.key_target(key.pk))


def configure_all_keys(owner: Principal, limits: Mapping[str, int]) -> int:
    """Set rate limits of all keys of the owner, as `configure_key` does. Returns how many."""
    keys = ApiKey.objects.owned_by(owner)
    return _configure(owner, keys, limits)


def _configure(
    owner: Principal,
    keys: Iterable[ApiKey],
    limits: Mapping[str, int],
    target: str | None = None,
) -> int:
    check_limits_within(owner, limits)
    plan = Plan.objects.of(owner).get()
    bounds = {name: bound for name, bound in plan.bounds().items() if bound is not None}
    above = {
        name: [f"The plan {plan.name} allows at most {bounds[name]:,}."]
        for name, limit in limits.items()
        if name in bounds and limit > bounds[name]
    }
    if above:
        raise ValidationError(above)
    with transaction.atomic():
        count = _write(keys, limits)
        audit.record("rate_limits_set", user_id=owner.user_id, target=target, after=dict(limits))
    return count


def override_key(
    key: ApiKey, limits: dict[str, int] | None, *, before: dict[str, int] | None
) -> None:
    """Set the limits of anybody's `key` for staff, whatever the plan allows; None removes them.

    `before` is for the audit log.
    """
    with transaction.atomic():
        if limits is None:
            RateLimitConfig.objects.filter(api_key=key).delete()
        else:
            _write([key], limits)
        audit.record(
            "rate_limits_set",
            user_id=key.user_id,
            target=audit.key_target(key.pk),
            before=before,
            after=limits,
        )


def _write(keys: Iterable[ApiKey], limits: Mapping[str, int]) -> int:
    rows = [RateLimitConfig(api_key=key, updated_at=timezone.now(), **limits) for key in keys]
    RateLimitConfig.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["api_key"],
        update_fields=[*limits, "updated_at"],
    )
    return len(rows)

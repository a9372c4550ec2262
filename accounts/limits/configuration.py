"""Setting the limits of keys, which the plan of their user bounds."""

from collections.abc import Iterable, Mapping

from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts.models import ApiKey, Plan, RateLimitConfig
from accounts.principal import Principal


def configure_keys(owner: Principal, keys: Iterable[ApiKey], limits: Mapping[str, int]) -> int:
    """Give each of `keys`, which are the owner's, these limits (fields of RateLimitConfig).

    0 is no limit of the key's own; the plan's stay. Returns how many keys there were. Seen by
    every process as other changes to keys are; what is counted already stays counted.

    Raises ValidationError, by field, for limits above those of the owner's plan.
    """
    plan = Plan.objects.of(owner).get()
    bounds = {name: bound for name, bound in plan.bounds().items() if bound is not None}
    above = {
        name: [f"The plan {plan.name} allows {bounds[name]:,} at most."]
        for name, limit in limits.items()
        if name in bounds and limit > bounds[name]
    }
    if above:
        raise ValidationError(above)
    configured = RateLimitConfig.objects.bulk_create(
        [RateLimitConfig(api_key=key, updated_at=timezone.now(), **limits) for key in keys],
        update_conflicts=True,
        unique_fields=["api_key"],
        update_fields=[*limits, "updated_at"],
    )
    return len(configured)

"""Rate limits of single keys. A key without a row has only those of its user's plan."""

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models

from accounts.models.api_keys import ApiKey
from accounts.models.cached_rows import CachedRow, CachedRowQuerySet
from accounts.principals.principal import MAX_CONCURRENCY, MAX_LIMIT

# The fields in the API, besides the concurrency limit.
WINDOW_FIELDS = (
    "requests_per_minute",
    "requests_per_hour",
    "requests_per_day",
    "tokens_per_minute",
    "tokens_per_hour",
    "tokens_per_day",
)
LIMIT_FIELDS = (*WINDOW_FIELDS, "concurrency_limit")

_BOUNDED = [MaxValueValidator(MAX_LIMIT)]


class RateLimitConfigQuerySet(CachedRowQuerySet["RateLimitConfig"]):
    def key_digests(self) -> set[str]:
        keys = ApiKey.objects.filter(pk__in=self.order_by().values("pk"))
        digests: set[str] = keys.key_digests()
        return digests


class RateLimitConfig(CachedRow):
    """The limits of one key, as sliding windows; 0 leaves one to the plan."""

    CACHED_FIELDS = frozenset(LIMIT_FIELDS)

    api_key = models.OneToOneField(
        ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="rate_limits"
    )
    requests_per_minute = models.PositiveBigIntegerField(default=60, validators=_BOUNDED)
    requests_per_hour = models.PositiveBigIntegerField(default=1_000, validators=_BOUNDED)
    requests_per_day = models.PositiveBigIntegerField(default=10_000, validators=_BOUNDED)
    tokens_per_minute = models.PositiveBigIntegerField(default=10_000, validators=_BOUNDED)
    tokens_per_hour = models.PositiveBigIntegerField(default=100_000, validators=_BOUNDED)
    tokens_per_day = models.PositiveBigIntegerField(default=1_000_000, validators=_BOUNDED)
    concurrency_limit = models.PositiveIntegerField(
        default=50,
        validators=[MaxValueValidator(MAX_CONCURRENCY)],
        help_text="Concurrent requests",
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["RateLimitConfig"]] = RateLimitConfigQuerySet.as_manager()

    class Meta:
        db_table = "rate_limit_configs"
        verbose_name = "rate limits of a key"
        verbose_name_plural = "rate limits of keys"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(**{f"{name}__lte": MAX_LIMIT for name in WINDOW_FIELDS})
                & models.Q(concurrency_limit__lte=MAX_CONCURRENCY),
                name="rate_limit_configs_bounded",
            ),
        ]

    def __str__(self) -> str:
        return f"Limits of {self.api_key}"

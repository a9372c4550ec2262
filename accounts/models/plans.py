"""Plans: what their users may use."""

from typing import Any, ClassVar, Self

from django.core.validators import MaxValueValidator
from django.db import models, transaction

from accounts.principals.cached_keys import forget_all_on_commit
from accounts.principals.principal import MAX_CONCURRENCY, MAX_LIMIT, Principal

# The default plan of users; the migration that creates the plans gives it this id.
FREE_PLAN_ID = 1

_NO_LIMIT = "Empty means no limit."
_BOUNDED = [MaxValueValidator(MAX_LIMIT)]


class PlanQuerySet(models.QuerySet["Plan"]):
    def offered(self) -> Self:
        """Plans that new users may have, cheapest first."""
        return self.filter(is_active=True).order_by("price_per_month", "id")

    def of(self, owner: Principal) -> Self:
        """The plan of one user."""
        return self.filter(users=owner.user_id)

    def update(self, **fields: Any) -> int:
        """Update the plans and drop all keys from the cache on commit."""
        # In a transaction, so that keys are dropped even if the COMMIT's answer is lost.
        with transaction.atomic(using=self.db):
            updated = super().update(**fields)
            forget_all_on_commit()
        return updated


class Plan(models.Model):
    """Limits and price of a plan.

    Null means no limit. Days are sliding windows; months are calendar months in UTC.
    """

    class Type(models.TextChoices):
        FREE = "free", "Free"
        PRO = "pro", "Pro"
        ENTERPRISE = "enterprise", "Enterprise"
        CUSTOM = "custom", "Custom"

    name = models.CharField(max_length=64, unique=True)
    description = models.TextField(blank=True)
    plan_type = models.CharField(max_length=16, choices=Type, default=Type.CUSTOM)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text=_NO_LIMIT)
    requests_per_hour = models.PositiveIntegerField(null=True, blank=True, help_text=_NO_LIMIT)
    daily_request_limit = models.PositiveBigIntegerField(
        null=True, blank=True, validators=_BOUNDED, help_text=_NO_LIMIT
    )
    monthly_request_limit = models.PositiveBigIntegerField(
        null=True, blank=True, validators=_BOUNDED, help_text=_NO_LIMIT
    )
    tokens_per_minute = models.PositiveBigIntegerField(
        null=True, blank=True, validators=_BOUNDED, help_text=_NO_LIMIT
    )
    tokens_per_hour = models.PositiveBigIntegerField(
        null=True, blank=True, validators=_BOUNDED, help_text=_NO_LIMIT
    )
    daily_token_limit = models.PositiveBigIntegerField(
        null=True, blank=True, validators=_BOUNDED, help_text=_NO_LIMIT
    )
    monthly_token_limit = models.PositiveBigIntegerField(
        null=True, blank=True, validators=_BOUNDED, help_text=_NO_LIMIT
    )
    max_concurrent_requests = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_CONCURRENCY)],
        help_text=_NO_LIMIT,
    )
    max_storage_bytes = models.PositiveBigIntegerField(
        null=True, blank=True, validators=_BOUNDED, help_text=_NO_LIMIT
    )
    price_per_month = models.DecimalField(
        max_digits=12, decimal_places=2, default=0, help_text="US dollars"
    )
    yearly_price = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, help_text="US dollars"
    )
    price_per_token = models.DecimalField(
        max_digits=18, decimal_places=10, null=True, blank=True, help_text="US dollars"
    )
    is_pay_as_you_go = models.BooleanField(default=False)
    features = models.JSONField(
        default=list, blank=True, help_text='Features that users are entitled to, as ["search"].'
    )
    is_active = models.BooleanField(
        default=True, help_text="Offered to new users. Users who have the plan keep it."
    )

    objects: ClassVar[models.Manager["Plan"]] = PlanQuerySet.as_manager()

    class Meta:
        db_table = "plans"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    daily_request_limit__lte=MAX_LIMIT,
                    monthly_request_limit__lte=MAX_LIMIT,
                    tokens_per_minute__lte=MAX_LIMIT,
                    tokens_per_hour__lte=MAX_LIMIT,
                    daily_token_limit__lte=MAX_LIMIT,
                    monthly_token_limit__lte=MAX_LIMIT,
                    max_concurrent_requests__lte=MAX_CONCURRENCY,
                ),
                name="plans_bounded",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        """Save the plan and drop all keys from the cache on commit."""
        with transaction.atomic():
            super().save(*args, **options)
            # One message for all keys, however many users the plan has.
            forget_all_on_commit()

    def entitlements(self, feature: str | None) -> dict[str, Any]:
        """Return what the plan grants, by the contract's names.

        Without a `feature`, `can_access_feature` is true.
        """
        return {
            "has_plan": True,
            "plan_name": self.name,
            "daily_request_limit": self.daily_request_limit,
            "monthly_request_limit": self.monthly_request_limit,
            "daily_token_limit": self.daily_token_limit,
            "monthly_token_limit": self.monthly_token_limit,
            "features": self.features,
            "can_access_feature": not feature or feature in self.features,
        }

    def bounds(self) -> dict[str, int | None]:
        """Return the highest limits that a key may be given, by field of RateLimitConfig."""
        return {
            "requests_per_minute": self.requests_per_minute,
            "requests_per_hour": self.requests_per_hour,
            "requests_per_day": self.daily_request_limit,
            "tokens_per_minute": self.tokens_per_minute,
            "tokens_per_hour": self.tokens_per_hour,
            "tokens_per_day": self.daily_token_limit,
            "concurrency_limit": self.max_concurrent_requests,
        }

"""Daily totals of usage: added up when activity is written, kept when the log is pruned."""

from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.models.api_keys import ApiKey
from accounts.principals.principal import Principal


class ActivityDayQuerySet(models.QuerySet["ActivityDay"]):
    def owned_by(self, owner: Principal) -> Self:
        """One user's days; served by the primary key, which starts with the user."""
        return self.filter(user_id=owner.user_id)

    def in_days(self, first: date | None, last: date | None) -> Self:
        """Rows of these days (UTC), both included; None leaves that end open."""
        found = self
        if first:
            found = found.filter(day__gte=first)
        if last:
            found = found.filter(day__lte=last)
        return found

    def heaviest(self, *by: str) -> models.QuerySet[Any, dict[str, Any]]:
        """The sums by these fields (`all_tokens`, `all_requests`, `all_spend`), most tokens first.

        For operators: reads every row of the days that were chosen (idx_activity_daily_day).
        """
        sums = {f"all_{name}": models.Sum(name) for name in ("tokens", "requests", "spend")}
        rows: models.QuerySet[Any, dict[str, Any]] = self.values(*by).annotate(**sums)
        return rows.order_by("-all_tokens", "-all_requests")

    def logged_per_day(self) -> models.QuerySet[Any, tuple[date, int]]:
        """Each day with events in the activity log and their number, newest first."""
        days = self.values("day").annotate(events=models.Sum("logged")).filter(events__gt=0)
        return days.order_by("-day").values_list("day", "events")


class ActivityDay(models.Model):
    """The totals of one user, day, model and provider."""

    pk = models.CompositePrimaryKey("user_id", "day", "model", "provider")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        # The primary key serves it.
        db_index=False,
    )
    day = models.DateField(help_text="UTC")
    model = models.CharField(max_length=255)
    provider = models.CharField(max_length=255)
    requests = models.BigIntegerField()
    tokens = models.BigIntegerField()
    spend = models.DecimalField(max_digits=24, decimal_places=8, help_text="US dollars")
    logged = models.BigIntegerField(
        help_text="How many of the requests the activity log still holds"
    )

    objects: ClassVar[models.Manager["ActivityDay"]] = ActivityDayQuerySet.as_manager()

    class Meta:
        db_table = "activity_daily"
        indexes = [
            # For adding up the last days of all users.
            BrinIndex(fields=["day"], name="idx_activity_daily_day", autosummarize=True),
        ]


class ApiKeyDay(models.Model):
    """The totals of one key and day."""

    pk = models.CompositePrimaryKey("api_key_id", "day")
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.CASCADE,
        related_name="usage",
        # The primary key serves it.
        db_index=False,
    )
    day = models.DateField(help_text="UTC")
    requests = models.BigIntegerField()
    tokens = models.BigIntegerField()
    spend = models.DecimalField(max_digits=24, decimal_places=8, help_text="US dollars")

    class Meta:
        db_table = "api_key_usage_daily"
        indexes = [
            # For comparing a day of all keys with the days before.
            BrinIndex(fields=["day"], name="idx_api_key_usage_daily_day", autosummarize=True),
        ]

"""The activity log, which the worker writes, and its dead letters."""

from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.api_keys import ApiKey
from accounts.principals.principal import Principal
from gatewayz.templatetags.words import in_words


class ActivityQuerySet(models.QuerySet["ActivityEvent"]):
    def owned_by(self, owner: Principal) -> Self:
        return self.filter(user_id=owner.user_id)

    def in_days(self, first: date | None, last: date | None) -> Self:
        """Events of these days (UTC), both included; None leaves that end open."""
        found = self
        if first:
            found = found.filter(timestamp__gte=datetime.combine(first, time.min, UTC))
        if last:
            after = last + timedelta(days=1)
            found = found.filter(timestamp__lt=datetime.combine(after, time.min, UTC))
        return found

    def newest_first(self) -> Self:
        """Latest first; with one user, idx_activity_log_user_id."""
        return self.order_by("-timestamp", "-id")


class ActivityEvent(models.Model):
    # Chosen by the request that records the event, as its time is, so that a repeated write is
    # recognised. The table is partitioned by time, so each unique index has the time in it.
    event_id = models.UUIDField(editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="activity",
        db_index=False,
    )
    # Outlives the key: there is no constraint, and deleting a key does not touch its activity.
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.DO_NOTHING,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
    )
    timestamp = models.DateTimeField(default=timezone.now)
    model = models.CharField(max_length=255, blank=True)
    provider = models.CharField(max_length=255, blank=True)
    tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=8, default=0, help_text="US dollars")
    speed = models.FloatField(default=0.0, help_text="Tokens per second")
    finish_reason = models.CharField(max_length=64, blank=True)
    app = models.CharField(max_length=64, blank=True)
    metadata = models.JSONField(default=dict)

    objects: ClassVar[models.Manager["ActivityEvent"]] = ActivityQuerySet.as_manager()

    class Meta:
        db_table = "activity_log"
        verbose_name = "activity event"
        verbose_name_plural = "activity log"
        indexes = [
            models.Index(fields=["user", "-timestamp"], name="idx_activity_log_user_id"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event_id", "timestamp"], name="uniq_activity_log_event"
            ),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.finish_reason or 'activity')} {self.event_id}"


class ActivityDeadLetter(models.Model):
    """An event that could not be written; see `accounts.activity.dead_letters`."""

    # Digest of the event, so that it is stored once, however often writing it fails.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    # Bytes, because the event may not be valid text, or contain what PostgreSQL rejects in text
    # and JSON, such as U+0000.
    event = models.BinaryField()
    error = models.TextField()
    set_aside_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "activity_dead_letters"
        verbose_name = "activity dead letter"

    def __str__(self) -> str:
        return self.error

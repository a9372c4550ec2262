"""Notifications, users' preferences about them, and the networks that keys were used from."""

from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from accounts.models.api_keys import ApiKey
from accounts.principals.principal import Principal

MAX_WEBHOOK_URL = 2_000


class NotificationPreferences(models.Model):
    """How one user wants to be notified; a user without a row has the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="notification_preferences",
    )
    email_notifications = models.BooleanField(default=True)
    low_balance_threshold = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        default=10,
        validators=[MinValueValidator(0)],
        help_text="US dollars",
    )
    plan_expiry_reminder_days = models.PositiveSmallIntegerField(default=7)
    usage_alerts = models.BooleanField(
        default=True, help_text="Notify at 80 % and 100 % of a quota"
    )
    webhook_url = models.CharField(max_length=MAX_WEBHOOK_URL, null=True, blank=True)  # noqa: DJ001
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "notification_preferences"
        verbose_name_plural = "notification preferences"

    def __str__(self) -> str:
        return f"Preferences of {self.user}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def owned_by(self, owner: Principal) -> Self:
        return self.filter(user_id=owner.user_id)

    def newest_first(self) -> Self:
        """Newest first; for one user, idx_notifications_user_id serves this."""
        return self.order_by("-id")

    def with_expired_claim(self) -> Self:
        """Pending ones whose claim has expired, earliest first (idx_notifications_claimed)."""
        ended = self.filter(status=Notification.Status.PENDING, due_at__lte=timezone.now())
        return ended.filter(attempt_started_at__isnull=False).order_by("due_at")

    def finish(self, status: "Notification.Status", error: str = "") -> int:
        """Set a final status. Returns how many there were."""
        return self.update(
            status=status,
            error=error,
            attempt_started_at=None,
            due_at=None,
            finished_at=timezone.now(),
        )


class Notification(models.Model):
    """One message to one user by one channel, sent at most once per cause."""

    class Kind(models.TextChoices):
        KEY_CREATED = "key_created", "Key created"
        KEY_EXPIRING = "key_expiring", "Key expiring"
        KEY_NEW_NETWORK = "key_new_network", "Key used from a new network"
        QUOTA_WARNING = "quota_warning", "Quota nearly used"
        QUOTA_REACHED = "quota_reached", "Quota used"
        USAGE_REPORT = "usage_report", "Usage report"
        TEST = "test", "Test"

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        # A mail server has accepted it.
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        # The receiver has confirmed that it has it.
        DELIVERED = "delivered", "Delivered"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notifications",
        # Served by idx_notifications_user_id.
        db_index=False,
    )
    kind = models.CharField(max_length=32, choices=Kind)
    cause = models.CharField(max_length=200, help_text="Notified about once, by each channel")
    channel = models.CharField(max_length=16, choices=Channel)
    details = models.JSONField(default=dict, help_text="Content of the message; no secrets")
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    error = models.CharField(max_length=255, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    # Set while a courier has claimed it for sending.
    attempt_started_at = models.DateTimeField(null=True, blank=True)
    # When a pending notification should be sent, or when its claim expires.
    due_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Notification"]] = NotificationQuerySet.as_manager()

    class Meta:
        db_table = "notifications"
        indexes = [
            models.Index(fields=["user", "-id"], name="idx_notifications_user_id"),
            # Only claimed rows; otherwise the planner might use it to look for due ones and step
            # over everything that one user has waiting.
            models.Index(
                fields=["due_at"],
                name="idx_notifications_claimed",
                condition=models.Q(status="pending", attempt_started_at__isnull=False),
            ),
            # For stepping from user to user: whether one is claimed, and which is due first.
            models.Index(
                fields=["channel", "user", "attempt_started_at", "due_at"],
                name="idx_notifications_waiting",
                condition=models.Q(status="pending"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "cause", "channel"], name="uniq_notifications_user_cause_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.get_channel_display().lower()}"


class ApiKeyNetwork(models.Model):
    """A network from which a key has been used."""

    pk = models.CompositePrimaryKey("api_key_id", "network")
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.CASCADE,
        related_name="networks",
        # Served by the primary key.
        db_index=False,
    )
    network = models.CharField(max_length=64, help_text="CIDR: a /24 of IPv4, a /48 of IPv6")
    first_seen_on = models.DateField(
        null=True, help_text="UTC; unknown for networks of earlier releases"
    )
    last_seen_on = models.DateField(help_text="UTC")

    class Meta:
        db_table = "api_key_networks"
        indexes = [
            # For finding networks that are new. Rows come in the order of this day, so a BRIN
            # index costs next to nothing.
            BrinIndex(
                fields=["first_seen_on"], name="idx_api_key_networks_first", autosummarize=True
            ),
        ]

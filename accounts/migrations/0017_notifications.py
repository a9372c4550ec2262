"""Notifications, how users want them, and the networks from which keys are used."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_user_erasure_schedule"),
    ]

    operations = [
        migrations.CreateModel(
            name="NotificationPreferences",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="notification_preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("email_notifications", models.BooleanField(default=True)),
                (
                    "low_balance_threshold",
                    models.DecimalField(
                        decimal_places=2,
                        default=10,
                        help_text="US dollars",
                        max_digits=12,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                ("plan_expiry_reminder_days", models.PositiveSmallIntegerField(default=7)),
                (
                    "usage_alerts",
                    models.BooleanField(
                        default=True, help_text="Tell at 80 % and 100 % of a quota"
                    ),
                ),
                ("webhook_url", models.CharField(blank=True, max_length=2000, null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name_plural": "notification preferences",
                "db_table": "notification_preferences",
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("key_created", "Key created"),
                            ("key_expiring", "Key expiring"),
                            ("key_new_network", "Key used from a new network"),
                            ("quota_warning", "Quota nearly used"),
                            ("quota_reached", "Quota used"),
                            ("usage_report", "Usage report"),
                            ("test", "Test"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "cause",
                    models.CharField(help_text="Told of once, by each channel", max_length=200),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "E-mail"), ("webhook", "Webhook")], max_length=16
                    ),
                ),
                (
                    "details",
                    models.JSONField(default=dict, help_text="What the message says; no secrets"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("delivered", "Delivered"),
                        ],
                        default="pending",
                        max_length=16,
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=255)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempt_started_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "notifications",
                "indexes": [
                    models.Index(fields=["user", "-id"], name="idx_notifications_user_id"),
                    models.Index(
                        fields=["due_at"],
                        name="idx_notifications_due",
                        condition=models.Q(status="pending"),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["user", "cause", "channel"],
                        name="uniq_notifications_user_cause_channel",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiKeyNetwork",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "api_key_id",
                        "network",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="networks",
                        to="accounts.apikey",
                    ),
                ),
                (
                    "network",
                    models.CharField(
                        help_text="CIDR: a /24 of IPv4, a /48 of IPv6", max_length=64
                    ),
                ),
                ("last_seen_on", models.DateField(help_text="UTC")),
            ],
            options={
                "db_table": "api_key_networks",
            },
        ),
    ]

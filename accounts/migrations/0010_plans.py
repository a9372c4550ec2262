"""Plans, three to begin with, and the limits of single keys."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NO_LIMIT = "Empty is no limit."

# The free plan's id is the default of users. Operators edit all of them in the admin.
PLANS = [
    {
        "id": 1,
        "name": "Free",
        "description": "For trying things out and for single users.",
        "plan_type": "free",
        "daily_request_limit": 100_000,
        "monthly_request_limit": 1_000_000,
        "daily_token_limit": 10_000_000,
        "monthly_token_limit": 100_000_000,
        "features": ["chat_history", "search", "sharing"],
    },
    {
        "id": 2,
        "name": "Pro",
        "description": "For products with users of their own.",
        "plan_type": "pro",
        "daily_request_limit": 1_000_000,
        "monthly_request_limit": 20_000_000,
        "daily_token_limit": 1_000_000_000,
        "monthly_token_limit": 20_000_000_000,
        "price_per_month": 49,
        "yearly_price": 490,
        "features": ["chat_history", "search", "sharing", "export", "webhooks"],
    },
    {
        "id": 3,
        "name": "Enterprise",
        "description": "Without limits.",
        "plan_type": "enterprise",
        "price_per_month": 499,
        "yearly_price": 4_990,
        "features": ["chat_history", "search", "sharing", "export", "webhooks", "audit_log"],
    },
]


def add_plans(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    plan = apps.get_model("accounts", "Plan")
    plan.objects.bulk_create([plan(**fields) for fields in PLANS])


def remove_plans(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("accounts", "Plan").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_audit_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64, unique=True)),
                ("description", models.TextField(blank=True)),
                (
                    "plan_type",
                    models.CharField(
                        choices=[
                            ("free", "Free"),
                            ("pro", "Pro"),
                            ("enterprise", "Enterprise"),
                            ("custom", "Custom"),
                        ],
                        default="custom",
                        max_length=16,
                    ),
                ),
                (
                    "requests_per_minute",
                    models.PositiveIntegerField(blank=True, help_text=NO_LIMIT, null=True),
                ),
                (
                    "requests_per_hour",
                    models.PositiveIntegerField(blank=True, help_text=NO_LIMIT, null=True),
                ),
                *(
                    (
                        name,
                        models.PositiveBigIntegerField(blank=True, help_text=NO_LIMIT, null=True),
                    )
                    for name in (
                        "daily_request_limit",
                        "monthly_request_limit",
                        "tokens_per_minute",
                        "tokens_per_hour",
                        "daily_token_limit",
                        "monthly_token_limit",
                    )
                ),
                (
                    "max_concurrent_requests",
                    models.PositiveIntegerField(blank=True, help_text=NO_LIMIT, null=True),
                ),
                (
                    "price_per_month",
                    models.DecimalField(
                        decimal_places=2, default=0, help_text="US dollars", max_digits=12
                    ),
                ),
                (
                    "yearly_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="US dollars",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "price_per_token",
                    models.DecimalField(
                        blank=True,
                        decimal_places=10,
                        help_text="US dollars",
                        max_digits=18,
                        null=True,
                    ),
                ),
                ("is_pay_as_you_go", models.BooleanField(default=False)),
                (
                    "features",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text='What users are entitled to, as ["search"].',
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Offered to users. Those who have the plan keep it.",
                    ),
                ),
            ],
            options={"db_table": "plans"},
        ),
        migrations.RunPython(add_plans, remove_plans),
        # They were made with ids of their own.
        migrations.RunSQL(
            "SELECT setval(pg_get_serial_sequence('plans', 'id'), 100)", migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="RateLimitConfig",
            fields=[
                (
                    "api_key",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="rate_limits",
                        serialize=False,
                        to="accounts.apikey",
                    ),
                ),
                ("requests_per_minute", models.PositiveBigIntegerField(default=60)),
                ("requests_per_hour", models.PositiveBigIntegerField(default=1_000)),
                ("requests_per_day", models.PositiveBigIntegerField(default=10_000)),
                ("tokens_per_minute", models.PositiveBigIntegerField(default=10_000)),
                ("tokens_per_hour", models.PositiveBigIntegerField(default=100_000)),
                ("tokens_per_day", models.PositiveBigIntegerField(default=1_000_000)),
                (
                    "concurrency_limit",
                    models.PositiveIntegerField(default=50, help_text="Requests at once"),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "rate_limit_configs",
                "verbose_name": "rate limits of a key",
                "verbose_name_plural": "rate limits of keys",
            },
        ),
    ]

"""Numbers that can be set get a largest value, so that no sum over many users overflows.

The constraints hold for new rows from here on; 0030 brings the old rows within them.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models

MAX_LIMIT = 10**12
MAX_CONCURRENCY = 100_000


def _limit(**options: object) -> models.Field:
    validators = [MaxValueValidator(MAX_LIMIT)]
    return models.PositiveBigIntegerField(validators=validators, **options)


PLAN_LIMITS = [
    *("daily_request_limit", "monthly_request_limit", "tokens_per_minute", "tokens_per_hour"),
    *("daily_token_limit", "monthly_token_limit"),
]
NO_LIMIT = {"blank": True, "null": True, "help_text": "Empty is no limit."}
KEY_LIMITS = {
    "requests_per_minute": 60,
    "requests_per_hour": 1_000,
    "requests_per_day": 10_000,
    "tokens_per_minute": 10_000,
    "tokens_per_hour": 100_000,
    "tokens_per_day": 1_000_000,
}


class Migration(migrations.Migration):
    # Each table is locked by itself, for a moment.
    atomic = False

    dependencies = [("accounts", "0028_addresses_of_operators")]

    operations = [
        # Of the forms; the database learns nothing by these.
        migrations.AlterField(
            "apikey",
            "max_requests",
            models.BigIntegerField(
                blank=True,
                help_text="How many requests the key is good for; empty is any number.",
                null=True,
                validators=[MinValueValidator(1), MaxValueValidator(MAX_LIMIT)],
            ),
        ),
        *(migrations.AlterField("plan", name, _limit(**NO_LIMIT)) for name in PLAN_LIMITS),
        migrations.AlterField(
            "plan",
            "max_concurrent_requests",
            models.PositiveIntegerField(
                validators=[MaxValueValidator(MAX_CONCURRENCY)], **NO_LIMIT
            ),
        ),
        *(
            migrations.AlterField("ratelimitconfig", name, _limit(default=default))
            for name, default in KEY_LIMITS.items()
        ),
        migrations.AlterField(
            "ratelimitconfig",
            "concurrency_limit",
            models.PositiveIntegerField(
                default=50,
                help_text="Requests at once",
                validators=[MaxValueValidator(MAX_CONCURRENCY)],
            ),
        ),
        migrations.AlterField(
            "user",
            "chat_retention_days",
            models.PositiveIntegerField(
                blank=True,
                help_text="Days that deleted chats stay in the trash; 0 is for ever, empty the default.",
                null=True,
                validators=[MaxValueValidator(36_500)],
            ),
        ),
        AddConstraintNotValid(
            "apikey",
            models.CheckConstraint(
                condition=models.Q(max_requests__gte=1, max_requests__lte=MAX_LIMIT),
                name="api_keys_new_max_requests_bounded",
            ),
        ),
        AddConstraintNotValid(
            "ratelimitconfig",
            models.CheckConstraint(
                condition=models.Q(**{f"{name}__lte": MAX_LIMIT for name in KEY_LIMITS})
                & models.Q(concurrency_limit__lte=MAX_CONCURRENCY),
                name="rate_limit_configs_bounded",
            ),
        ),
        AddConstraintNotValid(
            "plan",
            models.CheckConstraint(
                condition=models.Q(
                    **{f"{name}__lte": MAX_LIMIT for name in PLAN_LIMITS},
                    max_concurrent_requests__lte=MAX_CONCURRENCY,
                ),
                name="plans_bounded",
            ),
        ),
        AddConstraintNotValid(
            "user",
            models.CheckConstraint(
                condition=models.Q(chat_retention_days__lte=36_500),
                name="users_chat_retention_bounded",
            ),
        ),
    ]

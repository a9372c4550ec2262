"""Old rows come within the bounds of 0029, which are then known to hold.

A number above them meant "no limit", and there is as good as none at the bound.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

MAX_LIMIT = 10**12
MAX_CONCURRENCY = 100_000

WINDOWS = [
    *("requests_per_minute", "requests_per_hour", "requests_per_day"),
    *("tokens_per_minute", "tokens_per_hour", "tokens_per_day"),
]
PLAN_LIMITS = [
    *("daily_request_limit", "monthly_request_limit", "tokens_per_minute", "tokens_per_hour"),
    *("daily_token_limit", "monthly_token_limit"),
]


def lowered(table: str, bounds: dict[str, int]) -> migrations.RunSQL:
    """Lower each of these columns of `table` to its bound; NULL stays NULL."""
    columns = ", ".join(
        f"{name} = CASE WHEN {name} > {bound} THEN {bound} ELSE {name} END"
        for name, bound in bounds.items()
    )
    above = " OR ".join(f"{name} > {bound}" for name, bound in bounds.items())
    statement = f"UPDATE {table} SET {columns} WHERE {above}"  # noqa: S608, our own names
    return migrations.RunSQL(statement, migrations.RunSQL.noop)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0029_bounded_numbers")]

    operations = [
        lowered("api_keys_new", {"max_requests": MAX_LIMIT}),
        migrations.RunSQL(
            "UPDATE api_keys_new SET max_requests = 1 WHERE max_requests < 1",
            migrations.RunSQL.noop,
        ),
        lowered(
            "rate_limit_configs",
            dict.fromkeys(WINDOWS, MAX_LIMIT) | {"concurrency_limit": MAX_CONCURRENCY},
        ),
        lowered(
            "plans",
            dict.fromkeys(PLAN_LIMITS, MAX_LIMIT) | {"max_concurrent_requests": MAX_CONCURRENCY},
        ),
        lowered("users", {"chat_retention_days": 36_500}),
        ValidateConstraint("apikey", "api_keys_new_max_requests_bounded"),
        ValidateConstraint("ratelimitconfig", "rate_limit_configs_bounded"),
        ValidateConstraint("plan", "plans_bounded"),
        ValidateConstraint("user", "users_chat_retention_bounded"),
    ]

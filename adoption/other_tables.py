"""Plans for the old service's plans, referrals, notifications and audit log of keys."""

from accounts.models.plans import FREE_PLAN_ID
from accounts.notifications.serializers import MAX_REMINDER_DAYS
from accounts.principals.principal import MAX_CONCURRENCY, MAX_LIMIT
from adoption.account_tables import NO_USER
from adoption.table_plan import SCHEMA, TablePlan, is_there, taken_before

_IS_FREE = "lower(COALESCE(page.plan_type, page.tier, page.name)) IN ('free', 'basic')"
# New users get the plan with FREE_PLAN_ID, so it is the old service's free one.
_FREE_ONE = f"{_IS_FREE} AND row_number() OVER (PARTITION BY {_IS_FREE} ORDER BY page.id) = 1"


def _limit(column: str, highest: int = MAX_LIMIT) -> str:
    return f"CASE WHEN {column} > 0 THEN LEAST({column}, {highest}) END"


_PLAN_COLUMNS = {
    "id": "new_id",
    "name": "left(COALESCE(NULLIF(btrim(name), ''), 'Plan'), 40) "
    "|| CASE WHEN name_is_taken THEN ' (' || id || ')' ELSE '' END",
    "description": "COALESCE(description, '')",
    "plan_type": "CASE WHEN lower(plan_type) IN ('free', 'pro', 'enterprise', 'custom') "
    "THEN lower(plan_type) WHEN lower(tier) = 'pro' THEN 'pro' "
    "WHEN lower(tier) = 'max' THEN 'enterprise' WHEN is_free THEN 'free' ELSE 'custom' END",
    "daily_request_limit": _limit("daily_request_limit"),
    "monthly_request_limit": _limit("monthly_request_limit"),
    "daily_token_limit": _limit("daily_token_limit"),
    "monthly_token_limit": _limit("monthly_token_limit"),
    "max_concurrent_requests": _limit("max_concurrent_requests", MAX_CONCURRENCY),
    "price_per_month": "CASE WHEN price_per_month BETWEEN 0 AND 9999999999 "
    "THEN round(price_per_month, 2) ELSE 0 END",
    "yearly_price": "CASE WHEN yearly_price BETWEEN 0 AND 9999999999 "
    "THEN round(yearly_price, 2) END",
    "price_per_token": "CASE WHEN price_per_token BETWEEN 0 AND 9999999 "
    "THEN round(price_per_token, 10) END",
    "is_pay_as_you_go": "COALESCE(is_pay_as_you_go, false)",
    "features": "CASE jsonb_typeof(features) WHEN 'array' THEN features WHEN 'object' THEN "
    "(SELECT COALESCE(jsonb_agg(key ORDER BY key), '[]') FROM jsonb_each(features) "
    "WHERE value NOT IN ('false', 'null')) ELSE '[]' END",
    "is_active": "COALESCE(is_active, true)",
}

PLANS = TablePlan(
    table="plans",
    required=frozenset({"id", "name"}),
    old_columns={
        "id": "bigint",
        "name": "text",
        "description": "text",
        "plan_type": "text",
        "tier": "text",
        "daily_request_limit": "bigint",
        "monthly_request_limit": "bigint",
        "daily_token_limit": "bigint",
        "monthly_token_limit": "bigint",
        "max_concurrent_requests": "bigint",
        "price_per_month": "numeric",
        "yearly_price": "numeric",
        "price_per_token": "numeric",
        "is_pay_as_you_go": "boolean",
        "features": "jsonb",
        "is_active": "boolean",
    },
    derived={
        "is_free": _FREE_ONE,
        "new_id": f"CASE WHEN {_FREE_ONE} THEN {FREE_PLAN_ID} WHEN page.id = {FREE_PLAN_ID} "
        f"THEN (SELECT max(id) + 1 FROM {SCHEMA}.plans) ELSE page.id END",
        "name_is_taken": taken_before(
            "left(btrim(page.name), 40)",
            where="FROM plans AS known WHERE known.name = left(btrim(page.name), 40)",
        ),
    },
    columns=_PLAN_COLUMNS,
    changes={
        "id changed: the free plan has it": "new_id <> id",
        "name changed: it is too long, or another plan has it": "length(btrim(name)) > 40 "
        "OR name_is_taken",
        "a limit of 0 or less dropped": "LEAST(daily_request_limit, monthly_request_limit, "
        "daily_token_limit, monthly_token_limit, max_concurrent_requests) <= 0",
    },
    # Nobody has these yet. The old plans are those on offer.
    prepare=(
        "DELETE FROM plans WHERE NOT EXISTS (SELECT FROM users WHERE users.plan_id = plans.id)",
    ),
    extra_steps={
        "adopted_plans": f"INSERT INTO {SCHEMA}.adopted_plans (old_id, new_id, tier) "
        "SELECT id, new_id, lower(COALESCE(tier, plan_type, name)) FROM derived"
    },
)

_PLAN_ID = (
    f"(SELECT new_id FROM {SCHEMA}.adopted_plans AS known WHERE known.old_id = page.plan_id)"
)

USER_PLANS = TablePlan(
    table="user_plans",
    required=frozenset({"id", "user_id", "plan_id"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "plan_id": "bigint",
        "is_active": "boolean",
        "expires_at": "timestamptz",
    },
    skipped={
        "its user is missing": NO_USER,
        "it is not active": "page.is_active IS FALSE",
        "it has ended": "page.expires_at <= now()",
    },
    skipped_on_copy={"its plan is missing": f"{_PLAN_ID} IS NULL"},
    derived={"new_plan_id": _PLAN_ID},
    columns={},
    merged="true",
    # The latest one of each user.
    extra_steps={
        "given": "UPDATE users SET plan_id = latest.new_plan_id FROM (SELECT DISTINCT ON "
        "(user_id) user_id, new_plan_id FROM copied ORDER BY user_id, id DESC) AS latest "
        "WHERE users.id = latest.user_id"
    },
    changes={"ends at no time here: what ends it must set the plan": "expires_at IS NOT NULL"},
)

PREFERENCES = TablePlan(
    table="notification_preferences",
    required=frozenset({"id", "user_id"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "email_notifications": "boolean",
        "low_balance_threshold": "numeric",
        "plan_expiry_reminder_days": "bigint",
        "usage_alerts": "boolean",
        "webhook_url": "text",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
    },
    skipped={
        "its user is missing": NO_USER,
    },
    skipped_on_copy={
        "its user has others": is_there(
            "FROM notification_preferences AS known WHERE known.user_id = page.user_id"
        )
        + " OR row_number() OVER (PARTITION BY page.user_id ORDER BY page.id) > 1",
    },
    columns={
        "user_id": "user_id",
        "email_notifications": "COALESCE(email_notifications, true)",
        "low_balance_threshold": "CASE WHEN low_balance_threshold BETWEEN 0 AND 9999999999 "
        "THEN round(low_balance_threshold, 2) ELSE 10 END",
        "plan_expiry_reminder_days": "COALESCE(LEAST(GREATEST(plan_expiry_reminder_days, 0), "
        f"{MAX_REMINDER_DAYS}), 7)",
        "usage_alerts": "COALESCE(usage_alerts, true)",
        "webhook_url": "CASE WHEN length(webhook_url) <= 2000 THEN NULLIF(webhook_url, '') END",
        "updated_at": "COALESCE(updated_at, created_at, now())",
    },
)

# A key in the text of a row becomes its first characters.
_KEY = "'(gw_(?:live|test|staging|dev)_[A-Za-z0-9_-]{2})[A-Za-z0-9_-]+'"

NOTIFICATIONS = TablePlan(
    table="notifications",
    required=frozenset({"id", "user_id"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "type": "text",
        "channel": "text",
        "subject": "text",
        "content": "text",
        "status": "text",
        "sent_at": "timestamptz",
        "delivered_at": "timestamptz",
        "error_message": "text",
        "metadata": "jsonb",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
    },
    skipped={"its user is missing": NO_USER},
    columns={
        "id": "id",
        "user_id": "user_id",
        "kind": "left(COALESCE(NULLIF(type, ''), 'other'), 32)",
        "cause": "'adopted:' || id",
        "channel": "left(COALESCE(NULLIF(channel, ''), 'email'), 16)",
        "details": "regexp_replace(jsonb_strip_nulls(jsonb_build_object('subject', subject, "
        f"'content', content, 'metadata', metadata))::text, {_KEY}, '\\1…', 'g')::jsonb",
        "status": "CASE WHEN lower(status) IN ('sent', 'delivered') THEN lower(status) "
        "ELSE 'failed' END",
        "error": "CASE WHEN lower(status) IN ('sent', 'delivered') THEN '' ELSE "
        f"left(regexp_replace(COALESCE(error_message, 'The old service did not send it.'), "
        f"{_KEY}, '\\1…', 'g'), 255) END",
        "attempts": "CASE WHEN sent_at IS NULL THEN 0 ELSE 1 END",
        "created_at": "COALESCE(created_at, sent_at, updated_at, now())",
        "finished_at": "COALESCE(delivered_at, sent_at, updated_at, created_at, now())",
    },
    changes={
        "not sent: the old service had not sent it": "lower(COALESCE(status, 'pending')) "
        "NOT IN ('sent', 'delivered', 'failed')"
    },
)

REFERRALS = TablePlan(
    table="referrals",
    required=frozenset({"id", "referrer_id", "referred_user_id"}),
    old_columns={
        "id": "bigint",
        "referrer_id": "bigint",
        "referred_user_id": "bigint",
        "bonus_amount": "numeric",
        "status": "text",
        "created_at": "timestamptz",
        "completed_at": "timestamptz",
    },
    skipped={
        "it names nobody who was referred": "page.referred_user_id IS NULL "
        "OR page.referred_user_id = page.referrer_id",
        "the user referred is missing": (
            f"NOT {is_there('FROM users WHERE users.id = page.referred_user_id')}"
        ),
        "it is neither pending nor completed": "lower(COALESCE(page.status, 'pending')) "
        "NOT IN ('pending', 'completed')",
    },
    skipped_on_copy={
        "the user was referred before": is_there(
            "FROM referrals AS known WHERE known.referred_user_id = page.referred_user_id"
        )
        + " OR row_number() OVER (PARTITION BY page.referred_user_id ORDER BY page.id) > 1",
    },
    columns={
        "id": "id",
        "referrer_id": "(SELECT users.id FROM users WHERE users.id = derived.referrer_id)",
        "referred_user_id": "referred_user_id",
        "bonus": "CASE WHEN bonus_amount BETWEEN 0 AND 9999999999 "
        "THEN round(bonus_amount, 2) ELSE 0 END",
        "created_at": "COALESCE(created_at, completed_at, now())",
        "completed_at": "CASE WHEN lower(status) = 'completed' "
        "THEN COALESCE(completed_at, created_at, now()) END",
    },
    changes={
        "pending: Gatewayz credits both users when its own rule is met": (
            "lower(COALESCE(status, 'pending')) = 'pending'"
        )
    },
)

KEY_AUDIT = TablePlan(
    table="api_key_audit_logs",
    target="audit_log",
    required=frozenset({"id", "user_id", "action"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "api_key_id": "bigint",
        "action": "text",
        "timestamp": "timestamptz",
    },
    skipped={"its user is missing": NO_USER},
    columns={
        "created_at": 'COALESCE("timestamp", now())',
        "action": "left(COALESCE(NULLIF(btrim(action), ''), 'unknown'), 64)",
        "target": "'api_key:' || COALESCE(api_key_id::text, 'legacy')",
        "user_id": "user_id",
        "channel": "'command'",
        "request_id": "''",
        "commitments": "'{}'::jsonb",
    },
)

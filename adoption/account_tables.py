"""Plans for the old service's users, API keys and activity."""

import json
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.access.key_lookup import current_digest
from accounts.models.plans import FREE_PLAN_ID
from accounts.models.rate_limits import LIMIT_FIELDS, WINDOW_FIELDS
from accounts.principals import key_format
from accounts.principals.allowlists import (
    MAX_ENTRIES,
    validate_domain_referrers,
    validate_ip_allowlist,
)
from accounts.principals.email_addresses import canonical, validate_address
from accounts.principals.principal import MAX_CONCURRENCY, MAX_LIMIT
from accounts.principals.scopes import LEVELS, RESOURCES
from adoption.table_plan import SCHEMA, Computed, TablePlan, is_there, taken_before

NO_USER = f"NOT {is_there('FROM users WHERE users.id = page.user_id')}"

_USERNAME = (
    "left(COALESCE(NULLIF(btrim(page.username), ''), page.address, 'user-' || page.id), 254)"
)
_NUMBERED_USERNAME = "left(derived.wanted_username, 230) || '-' || derived.id"


# Domains of the addresses that the old service made up for users without one.
_PLACEHOLDER_DOMAINS = ("@privy.placeholder", "@privy.user")


def _compute_user(api_key: str | None, email: str | None) -> Computed:
    return {
        "legacy_digest": current_digest(api_key) if api_key else None,
        "address": _address(email or ""),
    }


def _address(email: str) -> str | None:
    """The canonical form of an old address, in its old case; None if it is not an address."""
    address = canonical(email)
    try:
        validate_address(address)
    except ValidationError:
        return None
    if address.endswith(_PLACEHOLDER_DOMAINS):
        return None
    unchanged = email.strip()
    return unchanged if unchanged.upper() == address.upper() else address


# The ledger starts with the old balance, in US dollars.
_OPENING_BALANCES = """
INSERT INTO credits (user_id, amount, reason, cause, created_at)
SELECT id, opening.amount, opening.reason, opening.reason, now()
FROM derived JOIN copied USING (id) CROSS JOIN LATERAL (VALUES
    (opening_balance, 'opening_balance'),
    (opening_allowance, 'opening_allowance'),
    (opening_purchase, 'opening_purchase')
) AS opening (amount, reason)
WHERE opening.amount <> 0
"""

_REFERRAL_CODES = """
INSERT INTO referral_codes (user_id, code, max_uses, created_at)
SELECT id, wanted_code, %(max_uses)s, copied.created_at
FROM derived JOIN copied USING (id)
WHERE wanted_code IS NOT NULL AND NOT code_is_taken
"""


def _amount(column: str) -> str:
    # NaN is greater than all numbers.
    return f"CASE WHEN {column} BETWEEN -9999999999 AND 9999999999 THEN round({column}, 2) END"


# The newest schema has the two parts of the balance instead of `credits`.
_HAS_PARTS = (
    "COALESCE(page.subscription_allowance, 0) <> 0 OR COALESCE(page.purchased_credits, 0) <> 0"
)
_WANTED_CODE = "NULLIF(upper(regexp_replace(page.referral_code, '[ -]', '', 'g')), '')"
_TIER = "lower(btrim(page.tier))"
# A plan of the old service, or else the one of this service that is made for the tier.
_PLAN_OF_TIER = f"""COALESCE(
    (SELECT min(new_id) FROM {SCHEMA}.adopted_plans AS known WHERE known.tier = {_TIER}),
    (SELECT min(id) FROM plans WHERE plan_type =
        CASE {_TIER} WHEN 'max' THEN 'enterprise' WHEN 'basic' THEN 'free' ELSE {_TIER} END)
)"""


def _object(column: str) -> str:
    return f"CASE jsonb_typeof({column}) WHEN 'object' THEN {column} ELSE '{{}}' END"


USERS = TablePlan(
    table="users",
    required=frozenset({"id"}),
    old_columns={
        "id": "bigint",
        "email": "text",
        "username": "text",
        "privy_user_id": "text",
        "api_key": "text",
        "credits": "numeric",
        "subscription_allowance": "numeric",
        "purchased_credits": "numeric",
        "referral_code": "text",
        "tier": "text",
        "role": "text",
        "settings": "jsonb",
        "preferences": "jsonb",
        "is_active": "boolean",
        "created_at": "timestamptz",
        "registration_date": "timestamptz",
        "updated_at": "timestamptz",
    },
    compute=_compute_user,
    computed_from=("api_key", "email"),
    computed={"legacy_digest": "text", "address": "text"},
    derived={
        "opening_balance": f"CASE WHEN NOT ({_HAS_PARTS}) THEN {_amount('page.credits')} END",
        "opening_allowance": _amount("page.subscription_allowance"),
        "opening_purchase": _amount("page.purchased_credits"),
        "has_parts": _HAS_PARTS,
        "wanted_code": _WANTED_CODE,
        "code_is_taken": f"length({_WANTED_CODE}) > 16 OR "
        + taken_before(
            _WANTED_CODE, where=f"FROM referral_codes AS known WHERE known.code = {_WANTED_CODE}"
        ),
        "plan_of_tier": _PLAN_OF_TIER,
        "wanted_username": _USERNAME,
        "wanted_privy_id": "NULLIF(btrim(page.privy_user_id), '')",
        "email_is_taken": taken_before(
            "upper(page.address)",
            where="FROM users AS known WHERE upper(known.email) = upper(page.address)",
        ),
        "email_is_invalid": "page.address IS NULL AND btrim(page.email) <> ''",
        "username_is_taken": taken_before(
            _USERNAME, where=f"FROM users AS known WHERE known.username = {_USERNAME}"
        ),
        "privy_id_is_taken": taken_before(
            "NULLIF(btrim(page.privy_user_id), '')",
            where="FROM users AS known WHERE known.privy_user_id = btrim(page.privy_user_id)",
        ),
        "legacy_key_is_taken": taken_before(
            "page.legacy_digest",
            where="FROM users AS known WHERE known.legacy_key_digest = page.legacy_digest",
        ),
    },
    columns={
        "id": "id",
        "email": "CASE WHEN NOT email_is_taken THEN address END",
        "username": f"""CASE
            WHEN NOT username_is_taken THEN wanted_username
            WHEN NOT {is_there(f"FROM users AS known WHERE known.username = {_NUMBERED_USERNAME}")}
            THEN {_NUMBERED_USERNAME}
            ELSE 'user-' || gen_random_uuid()
        END""",
        "privy_user_id": "CASE WHEN NOT privy_id_is_taken THEN wanted_privy_id END",
        "legacy_key_digest": "CASE WHEN NOT legacy_key_is_taken THEN legacy_digest END",
        # Django's mark for a password that cannot be used.
        "password": "'!' || replace(gen_random_uuid()::text, '-', '')",
        "plan_id": f"COALESCE(plan_of_tier, {FREE_PLAN_ID})",
        "settings": _object("settings"),
        "preferences": _object("preferences"),
        "is_active": "COALESCE(is_active, true)",
        "is_staff": "false",
        "is_superuser": "false",
        "created_at": "COALESCE(created_at, registration_date, updated_at, now())",
        "updated_at": "COALESCE(updated_at, created_at, registration_date, now())",
    },
    changes={
        "e-mail address dropped: another user has it": "email_is_taken",
        "e-mail address dropped: it is not valid": "email_is_invalid",
        "user name changed: another user has it": "username_is_taken",
        "Privy id dropped: another user has it": "privy_id_is_taken",
        "key dropped: another user has it": "legacy_key_is_taken",
        "credits dropped: not an amount": "opening_balance IS NULL AND NOT has_parts AND "
        "credits IS NOT NULL OR opening_allowance IS NULL AND subscription_allowance IS NOT NULL "
        "OR opening_purchase IS NULL AND purchased_credits IS NOT NULL",
        "credits rounded to cents": "opening_balance <> credits "
        "OR opening_allowance <> subscription_allowance OR opening_purchase <> purchased_credits",
        "old credits dropped: the allowance and the purchased credits are the balance": (
            "has_parts AND credits <> 0 "
            "AND credits <> COALESCE(subscription_allowance, 0) + COALESCE(purchased_credits, 0)"
        ),
        "referral code dropped: another user has it, or it is longer than 16 characters": (
            "code_is_taken"
        ),
        "free plan given: its tier is unknown": "plan_of_tier IS NULL AND btrim(tier) <> ''",
        "not made staff: its role was not user": "lower(btrim(role)) NOT IN ('user', '')",
    },
    parameters={"max_uses": settings.REFERRAL_MAX_USES},
    extra_steps={"opening_balances": _OPENING_BALANCES, "referral_codes": _REFERRAL_CODES},
)


def _compute_key(
    api_key: str | None,
    is_primary: bool | None,
    scope_permissions: str | None,
    ip_allowlist: str | None,
    domain_referrers: str | None,
    rate_limit_config: str | None,
) -> Computed:
    if not api_key:
        return {}
    known = key_format.is_legacy(api_key) or key_format.is_well_formed(api_key)
    # Of a key in an unknown form, nobody knows which part is safe to show.
    key_prefix, last_four = key_format.shown_parts(api_key) if known else ("", "")
    # The old service ignored the scopes of primary keys.
    scopes, drops_scopes = ({}, False) if is_primary else new_scopes(_json(scope_permissions))
    addresses, drops_addresses = new_allowlist(
        _json(ip_allowlist), _network, validate_ip_allowlist
    )
    referrers, drops_referrers = new_allowlist(
        _json(domain_referrers), _host, validate_domain_referrers
    )
    return {
        "key_digest": current_digest(api_key),
        "key_prefix": key_prefix,
        "last_four": last_four,
        "has_known_form": known,
        "scopes": scopes,
        "addresses": addresses or [],
        "referrers": referrers or [],
        "limits": new_limits(_json(rate_limit_config)),
        "drops_scopes": drops_scopes,
        "drops_entries": drops_addresses or drops_referrers,
        "lets_nobody_in": addresses is None or referrers is None,
    }


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def new_allowlist(
    given: Any, read: Callable[[str], str], validate: Callable[[Any], None]
) -> tuple[list[str] | None, bool]:
    """Convert an old key's allow-list for accounts.principals.allowlists.

    Returns the entries that can be read and whether others were dropped. Without any that can be
    read, the list is None: such a key let nobody in.
    """
    if not given:
        return [], False
    entries = given if isinstance(given, list) else [given]
    if "*" in entries:
        return [], False
    allowlist: list[str] = []
    for entry in entries[:MAX_ENTRIES]:
        try:
            new = read(entry)
            validate([new])
        except (AttributeError, TypeError, ValueError, ValidationError):
            continue
        allowlist.append(new)
    return allowlist or None, len(allowlist) < len(entries)


def _network(entry: str) -> str:
    # Some old networks have bits set beyond their prefix.
    return str(ip_network(entry.strip(), strict=False))


def _host(entry: str) -> str:
    """The host of an entry, which may be a whole URL such as `https://example.com:8080/*`."""
    host = entry.strip().lower()
    return host.rpartition("://")[2].partition("/")[0].partition(":")[0]


# The old service's names of this service's resources.
_RESOURCES = {"api_keys": "keys", "rate_limits": "limits", "user": "profile", "plans": "plan"}


def new_scopes(given: Any) -> tuple[dict[str, list[str]], bool]:
    """Convert an old key's scopes for accounts.principals.scopes.

    The old service wrote them in two ways: levels by resource, as here, and resources by level,
    with `*` for every resource. Returns the scopes and whether unknown ones were dropped. When
    none is known, they are those of a key for chats: the old service let every key use these.
    """
    if not given:
        return {}, False
    if not isinstance(given, Mapping):
        return {"chat": ["read", "write"]}, True
    pairs = [
        (resource, level)
        for name, values in given.items()
        for value in (values if isinstance(values, list) else [values])
        for resource, level in [(value, name) if name in LEVELS else (name, value)]
    ]
    scopes: dict[str, list[str]] = {}
    drops = False
    for resource, level in pairs:
        named = _RESOURCES.get(str(resource), str(resource))
        resources = sorted(RESOURCES) if named == "*" else {named} & RESOURCES
        levels = sorted(LEVELS) if level == "*" else {str(level)} & LEVELS
        drops = drops or not resources or not levels
        for known in resources:
            scopes[known] = sorted({*scopes.get(known, ()), *levels})
    scopes = {resource: levels for resource, levels in scopes.items() if levels}
    if all({"read", "write"} <= set(scopes.get(name, ())) for name in RESOURCES):
        return {}, drops
    if not pairs:
        return {}, False
    return scopes or {"chat": ["read", "write"]}, drops


def new_limits(given: Any) -> dict[str, int] | None:
    """Convert an old key's limits for RateLimitConfig; None when it sets none.

    0 leaves a limit to the plan.
    """
    if not isinstance(given, Mapping):
        return None
    limits = {
        name: min(int(given[name]), MAX_LIMIT if name in WINDOW_FIELDS else MAX_CONCURRENCY)
        for name in LIMIT_FIELDS
        if isinstance(given.get(name), int | float) and given[name] >= 1
    }
    return dict.fromkeys(LIMIT_FIELDS, 0) | limits if limits else None


_KEY_LIMITS = f"""
INSERT INTO rate_limit_configs (api_key_id, {", ".join(LIMIT_FIELDS)}, updated_at)
SELECT id, {", ".join(f"(limits->>'{name}')::bigint" for name in LIMIT_FIELDS)}, now()
FROM derived JOIN copied USING (id)
WHERE limits <> 'null'
"""

_KEY_NAME = "left(COALESCE(NULLIF(btrim(page.key_name), ''), 'Key ' || page.id), 255)"

_SAME_KEY = f"""
{is_there("FROM api_keys_new AS known WHERE known.key_digest = page.key_digest")}
OR row_number() OVER (PARTITION BY page.key_digest ORDER BY page.id) > 1
"""

API_KEYS = TablePlan(
    table="api_keys_new",
    required=frozenset({"id", "user_id", "api_key"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "key_name": "text",
        "api_key": "text",
        "environment_tag": "text",
        "is_active": "boolean",
        "is_primary": "boolean",
        "expiration_date": "timestamptz",
        "max_requests": "bigint",
        "requests_used": "bigint",
        "scope_permissions": "jsonb",
        "ip_allowlist": "jsonb",
        "domain_referrers": "jsonb",
        "rate_limit_config": "jsonb",
        "last_used_at": "timestamptz",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
    },
    compute=_compute_key,
    computed_from=(
        "api_key",
        "is_primary",
        "scope_permissions",
        "ip_allowlist",
        "domain_referrers",
        "rate_limit_config",
    ),
    computed={
        "key_digest": "text",
        "key_prefix": "text",
        "last_four": "text",
        "has_known_form": "boolean",
        "scopes": "jsonb",
        "addresses": "jsonb",
        "referrers": "jsonb",
        "limits": "jsonb",
        "drops_scopes": "boolean",
        "drops_entries": "boolean",
        "lets_nobody_in": "boolean",
    },
    skipped={
        "it has no key": "COALESCE(page.api_key, '') = ''",
        "its user is missing": NO_USER,
    },
    skipped_on_copy={"another row has the same key": _SAME_KEY},
    derived={
        "wanted_name": _KEY_NAME,
        "name_is_taken": taken_before(
            _KEY_NAME,
            per="page.user_id",
            where=f"FROM api_keys_new AS known WHERE known.user_id = page.user_id "
            f"AND known.key_name = {_KEY_NAME}",
        ),
        "another_is_primary": "page.is_primary AND ("
        + taken_before(
            "page.is_primary",
            per="page.user_id",
            where="FROM api_keys_new AS known WHERE known.user_id = page.user_id "
            "AND known.is_primary",
        )
        + ")",
        "tag": """CASE
            WHEN lower(page.environment_tag) IN ('live', 'test', 'staging', 'development')
            THEN lower(page.environment_tag)
            WHEN lower(page.environment_tag) = 'dev' THEN 'development'
            ELSE 'live'
        END""",
    },
    columns={
        "id": "id",
        "user_id": "user_id",
        "key_name": "CASE WHEN name_is_taken THEN left(wanted_name, 230) || ' (' || id || ')' "
        "ELSE wanted_name END",
        "key_digest": "key_digest",
        "key_prefix": "key_prefix",
        "last_four": "last_four",
        "environment_tag": "tag",
        "is_active": "COALESCE(is_active, true) AND NOT lets_nobody_in",
        "is_primary": "COALESCE(is_primary, false) AND NOT another_is_primary",
        "scope_permissions": "scopes",
        "ip_allowlist": "addresses",
        "domain_referrers": "referrers",
        "expiration_date": "expiration_date",
        "max_requests": f"CASE WHEN max_requests > 0 THEN LEAST(max_requests, {MAX_LIMIT}) END",
        "requests_used": f"LEAST(GREATEST(requests_used, 0), {MAX_LIMIT})",
        "last_used_at": "last_used_at",
        "created_at": "COALESCE(created_at, updated_at, now())",
        "updated_at": "COALESCE(updated_at, created_at, now())",
    },
    changes={
        "name changed: another key of the user has it": "name_is_taken",
        "no longer primary: another key of the user is": "another_is_primary",
        "environment set to live": "tag = 'live' AND lower(environment_tag) NOT IN "
        "('live', 'prod', 'production', '')",
        "unknown scopes dropped": "drops_scopes",
        "unreadable entries of its allow-lists dropped": "drops_entries",
        "deactivated: its allow-lists have no entry that can be read, so let nobody in": (
            "lets_nobody_in"
        ),
        "not usable: its key has an unknown form": "NOT has_known_form",
        "requests lowered to the largest number that can be counted": (
            f"GREATEST(max_requests, requests_used) > {MAX_LIMIT}"
        ),
    },
    extra_steps={"key_limits": _KEY_LIMITS},
)

_WINDOW = """CASE
    WHEN lower(page.window_type) IN ('minute', 'hour', 'day') THEN lower(page.window_type)
    WHEN page.window_size = 60 THEN 'minute'
    WHEN page.window_size = 3600 THEN 'hour'
    WHEN page.window_size = 86400 THEN 'day'
END"""


def _limit_of_window(column: str) -> str:
    unit, _, window = column.partition("_per_")
    of_window = f"max(max_{unit}) FILTER (WHERE a_window = '{window}')"
    return f"COALESCE(LEAST(GREATEST({of_window}, 0), {MAX_LIMIT}), 0)"


# A limit that the key has already, from `rate_limit_config`, stays: users set these.
_LIMITS_BY_WINDOW = f"""
INSERT INTO rate_limit_configs AS known (api_key_id, {", ".join(LIMIT_FIELDS)}, updated_at)
SELECT api_key_id, {", ".join(_limit_of_window(name) for name in WINDOW_FIELDS)},
       COALESCE(LEAST(GREATEST(max(concurrency_limit), 0), {MAX_CONCURRENCY}), 0), now()
FROM copied
GROUP BY api_key_id
ORDER BY api_key_id
ON CONFLICT (api_key_id) DO UPDATE SET
    {", ".join(f"{n} = COALESCE(NULLIF(known.{n}, 0), EXCLUDED.{n})" for n in LIMIT_FIELDS)}
"""

LIMITS_BY_WINDOW = TablePlan(
    table="rate_limit_configs",
    required=frozenset({"id", "api_key_id"}),
    old_columns={
        "id": "bigint",
        "api_key_id": "bigint",
        "window_type": "text",
        "window_size": "bigint",
        "max_requests": "bigint",
        "max_tokens": "bigint",
        "concurrency_limit": "bigint",
        "is_active": "boolean",
    },
    skipped={
        "its key is missing": (
            f"NOT {is_there('FROM api_keys_new AS key WHERE key.id = page.api_key_id')}"
        ),
        "it is not active": "page.is_active IS FALSE",
        "its window is none of minute, hour and day": f"({_WINDOW}) IS NULL",
    },
    derived={"a_window": _WINDOW},
    columns={},
    merged="true",
    extra_steps={"limits": _LIMITS_BY_WINDOW},
)

# The daily sums that `accounts.activity.events` keeps for recorded events.
_DAYS = """
INSERT INTO activity_daily AS usage (
    user_id, day, model, provider, requests, tokens, spend, logged
)
SELECT user_id, ("timestamp" AT TIME ZONE 'UTC')::date, model, provider,
       count(*), sum(tokens), sum(cost), count(*)
FROM copied
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
ON CONFLICT (user_id, day, model, provider) DO UPDATE SET
    requests = usage.requests + EXCLUDED.requests,
    tokens = usage.tokens + EXCLUDED.tokens,
    spend = usage.spend + EXCLUDED.spend,
    logged = usage.logged + EXCLUDED.logged
"""

_KEY_DAYS = """
INSERT INTO api_key_usage_daily AS usage (api_key_id, day, requests, tokens, spend)
SELECT api_keys_new.id, ("timestamp" AT TIME ZONE 'UTC')::date,
       count(*), sum(tokens), sum(cost)
FROM copied JOIN api_keys_new ON api_keys_new.id = copied.api_key_id
GROUP BY 1, 2
ORDER BY 1, 2
ON CONFLICT (api_key_id, day) DO UPDATE SET
    requests = usage.requests + EXCLUDED.requests,
    tokens = usage.tokens + EXCLUDED.tokens,
    spend = usage.spend + EXCLUDED.spend
"""

ACTIVITY = TablePlan(
    table="activity_log",
    required=frozenset({"id", "user_id"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "api_key_id": "bigint",
        "timestamp": "timestamptz",
        "created_at": "timestamptz",
        "model": "text",
        "provider": "text",
        "tokens": "bigint",
        "cost": "numeric",
        "speed": "float8",
        "finish_reason": "text",
        "app": "text",
        "metadata": "jsonb",
    },
    skipped={
        "its user is missing": NO_USER,
        "it has no time": "COALESCE(page.timestamp, page.created_at) IS NULL",
    },
    columns={
        "id": "id",
        # Made from the id, so that adopting the row again gives the same one.
        "event_id": "md5('activity_log:' || id)::uuid",
        "user_id": "user_id",
        "api_key_id": "api_key_id",
        "timestamp": 'COALESCE("timestamp", created_at)',
        "model": "left(COALESCE(model, ''), 255)",
        "provider": "left(COALESCE(provider, ''), 255)",
        # The most that a message may have, so that sums of them do not overflow.
        "tokens": "LEAST(GREATEST(tokens, 0), 2147483647)",
        # NaN is greater than all numbers.
        "cost": "CASE WHEN cost BETWEEN -9999999999 AND 9999999999 THEN cost ELSE 0 END",
        "speed": "CASE WHEN speed BETWEEN 0 AND 1e300 THEN speed ELSE 0 END",
        "finish_reason": "left(COALESCE(finish_reason, ''), 64)",
        "app": "left(COALESCE(app, ''), 64)",
        # The old service wrote API keys here.
        "metadata": "CASE jsonb_typeof(metadata) WHEN 'object' THEN metadata - 'api_key' "
        "ELSE '{}' END",
    },
    extra_steps={"days": _DAYS, "key_days": _KEY_DAYS},
)

"""Plans for the old service's users, API keys and activity."""

import json
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from django.core.exceptions import ValidationError

from accounts.access.key_lookup import current_digest
from accounts.principals import key_format
from accounts.principals.allowlists import validate_domain_referrers, validate_ip_allowlist
from accounts.principals.email_addresses import canonical, validate_address
from accounts.principals.principal import MAX_LIMIT
from accounts.principals.scopes import RESOURCES, validate_scopes
from adoption.table_plan import Computed, TablePlan, taken_before

NO_USER = "NOT EXISTS (SELECT FROM users WHERE users.id = page.user_id)"

_USERNAME = (
    "left(COALESCE(NULLIF(btrim(page.username), ''), page.address, 'user-' || page.id), 254)"
)
_NUMBERED_USERNAME = "left(wanted_username, 230) || '-' || id"


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
SELECT id, opening_balance, 'opening_balance', 'opening_balance', now()
FROM derived JOIN copied USING (id)
WHERE opening_balance <> 0
"""

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
        "is_active": "boolean",
        "created_at": "timestamptz",
        "registration_date": "timestamptz",
        "updated_at": "timestamptz",
    },
    compute=_compute_user,
    computed_from=("api_key", "email"),
    computed={"legacy_digest": "text", "address": "text"},
    derived={
        # NaN is greater than all numbers.
        "opening_balance": "CASE WHEN page.credits BETWEEN -9999999999 AND 9999999999 "
        "THEN round(page.credits, 2) END",
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
            WHEN NOT EXISTS (
                SELECT FROM users AS known WHERE known.username = {_NUMBERED_USERNAME}
            ) THEN {_NUMBERED_USERNAME}
            ELSE 'user-' || gen_random_uuid()
        END""",
        "privy_user_id": "CASE WHEN NOT privy_id_is_taken THEN wanted_privy_id END",
        "legacy_key_digest": "CASE WHEN NOT legacy_key_is_taken THEN legacy_digest END",
        # Django's mark for a password that cannot be used.
        "password": "'!' || replace(gen_random_uuid()::text, '-', '')",
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
        "credits dropped: not an amount": "opening_balance IS NULL AND credits IS NOT NULL",
    },
    extra_steps={"opening_balances": _OPENING_BALANCES},
)


def _compute_key(
    api_key: str | None,
    scope_permissions: str | None,
    ip_allowlist: str | None,
    domain_referrers: str | None,
) -> Computed:
    if not api_key:
        return {}
    known = key_format.is_legacy(api_key) or key_format.is_well_formed(api_key)
    # Of a key in an unknown form, nobody knows which part is safe to show.
    key_prefix, last_four = key_format.shown_parts(api_key) if known else ("", "")
    bounds = {
        "scopes": new_scopes(_json(scope_permissions)),
        "addresses": new_allowlist(_json(ip_allowlist), _network, validate_ip_allowlist),
        "referrers": new_allowlist(_json(domain_referrers), _host, validate_domain_referrers),
    }
    return {
        "key_digest": current_digest(api_key),
        "key_prefix": key_prefix,
        "last_four": last_four,
        "has_known_form": known,
        "has_unreadable_bounds": None in bounds.values(),
        "scopes": bounds["scopes"] or {},
        "addresses": bounds["addresses"] or [],
        "referrers": bounds["referrers"] or [],
    }


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def new_allowlist(
    given: Any, read: Callable[[str], str], validate: Callable[[Any], None]
) -> list[str] | None:
    """Convert an old key's allow-list for accounts.principals.allowlists; None if unreadable."""
    if not given:
        return []
    try:
        allowlist = [read(entry) for entry in given]
        validate(allowlist)
    except (AttributeError, TypeError, ValueError, ValidationError):
        return None
    return allowlist


def _network(entry: str) -> str:
    # Some old networks have bits set beyond their prefix.
    return str(ip_network(entry.strip(), strict=False))


def _host(entry: str) -> str:
    """The host of an entry, which may be a whole URL such as `https://example.com/*`."""
    host = entry.strip().lower()
    return host.partition("://")[2].partition("/")[0] if "://" in host else host


def new_scopes(given: Any) -> dict[str, list[str]] | None:
    """Convert an old key's scopes for accounts.principals.scopes; None if unreadable.

    The old service wrote them in two ways: levels by resource, as here, and resources by level,
    with `*` for every resource.
    """
    if given is None or given == {}:
        return {}
    if not isinstance(given, Mapping):
        return None
    by_resource = _by_resource(given)
    scopes = dict(given) if by_resource is None else by_resource
    try:
        validate_scopes(scopes)
    except ValidationError:
        return None
    everything = all({"read", "write"} <= set(scopes.get(name, ())) for name in RESOURCES)
    return {} if everything else (scopes or None)


def _by_resource(given: Mapping[str, Any]) -> dict[str, list[str]] | None:
    """Turn `{"read": ["chat"]}` into `{"chat": ["read"]}`; None for any other form."""
    if not given.keys() <= {"read", "write", "admin"}:
        return None
    scopes: dict[str, list[str]] = {}
    for level, resources in given.items():
        if not isinstance(resources, Sequence) or isinstance(resources, str):
            return None
        for resource in sorted(RESOURCES) if "*" in resources else resources:
            scopes.setdefault(str(resource), []).append(level)
    return scopes


_KEY_NAME = "left(COALESCE(NULLIF(btrim(page.key_name), ''), 'Key ' || page.id), 255)"

_SAME_KEY = """
EXISTS (SELECT FROM api_keys_new AS known WHERE known.key_digest = page.key_digest)
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
        "last_used_at": "timestamptz",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
    },
    compute=_compute_key,
    computed_from=("api_key", "scope_permissions", "ip_allowlist", "domain_referrers"),
    computed={
        "key_digest": "text",
        "key_prefix": "text",
        "last_four": "text",
        "has_known_form": "boolean",
        "scopes": "jsonb",
        "addresses": "jsonb",
        "referrers": "jsonb",
        "has_unreadable_bounds": "boolean",
    },
    skipped={
        "it has no key": "page.key_digest IS NULL",
        "its user is missing": NO_USER,
        "another row has the same key": _SAME_KEY,
    },
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
        "is_active": "COALESCE(is_active, true) AND NOT has_unreadable_bounds",
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
        "deactivated: its scopes or allow-lists cannot be read": "has_unreadable_bounds",
        "not usable: its key has an unknown form": "NOT has_known_form",
        "requests lowered to the largest number that can be counted": (
            f"GREATEST(max_requests, requests_used) > {MAX_LIMIT}"
        ),
    },
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

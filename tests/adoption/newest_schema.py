"""The newest schema of the old service, built from facts about it, with rows in every table."""

from collections.abc import Collection
from csv import reader
from pathlib import Path

FACTS = Path(__file__).with_name("newest")

_ENUMS = {
    ("message_feedback", "feedback_type"): ("thumbs_up", "thumbs_down", "regenerate"),
    ("notifications", "type"): ("low_balance", "plan_expiry"),
    ("notifications", "channel"): ("email", "webhook"),
    ("notifications", "status"): ("pending", "sent", "failed", "delivered"),
}


def _read(name: str) -> list[list[str]]:
    with (FACTS / name).open() as file:
        return list(reader(file, delimiter="\t", quotechar=None, quoting=3))


def newest_schema(
    *, without_tables: Collection[str] = (), without_columns: Collection[tuple[str, str]] = ()
) -> str:
    """SQL that makes the tables, all of them or those of an older generation."""
    statements, tables = [], {}
    for table, column, given, null, default in _read("columns.tsv"):
        if table in without_tables or (table, column) in without_columns:
            continue
        kind = "text[]" if given == "_text[]" else given
        if given == "USER-DEFINED":
            kind = "notification_" + column if table == "notifications" else column
            values = ", ".join(f"'{value}'" for value in _ENUMS[table, column])
            statements.append(f"CREATE TYPE {kind} AS ENUM ({values})")
        if default.startswith("nextval("):
            statements.append(f"CREATE SEQUENCE {default.split("'")[1]}")
        clause = f"DEFAULT {default}" if default else ""
        tables.setdefault(table, []).append(f'"{column}" {kind} {clause} {null}')
    statements += [f"CREATE TABLE {name} ({', '.join(rows)})" for name, rows in tables.items()]
    # Tables of which only the references are known.
    constraints = [row for row in _read("constraints.tsv") if not row[2].startswith("NOT NULL")]
    for table, _, definition in constraints:
        if table not in tables and table not in without_tables:
            column = definition.split("(")[1].split(")")[0]
            known = f"CREATE TABLE IF NOT EXISTS {table} (id serial PRIMARY KEY)"
            statements += [known, f"ALTER TABLE {table} ADD COLUMN {column} bigint"]
    statements.append("CREATE TABLE IF NOT EXISTS payments (id serial PRIMARY KEY)")
    statements.append("CREATE TABLE partner_trials (id uuid PRIMARY KEY)")
    for table, name, definition in sorted(constraints, key=lambda row: "FOREIGN" in row[2]):
        columns = set(definition.split("(")[1].split(")")[0].split(", "))
        gone = table in without_tables or any((table, c) in without_columns for c in columns)
        _, _, target = definition.partition("REFERENCES ")
        if not gone and target.split("(")[0] not in without_tables:
            statements.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    return ";\n".join(statements) + ";\n"


ROWS = {
    "plans": """
        INSERT INTO plans (id, name, price_per_month, daily_request_limit, plan_type, tier,
            features)
        VALUES (1, 'Starter', 9.99, 5000, 'paid', 'starter', '["a"]'),
               (2, 'Free', 0, 100, 'free', 'basic', '{"a": true, "b": false}'),
               (3, 'Pro', 29, 50000, 'pro', 'pro', '[]')""",
    "users": """
        INSERT INTO users (id, username, email, api_key, subscription_allowance,
            purchased_credits, referral_code, settings, preferences, tier, role)
        SELECT n, 'user' || n, 'user' || n || '@example.com', 'gw_live_' || md5('users' || n),
            n, 2 * n + 0.25, 'REF' || lpad(n::text, 5, '0'), '{"theme": "dark"}', '{"a": 1}',
            CASE WHEN n % 10 = 0 THEN 'pro' ELSE 'basic' END,
            CASE WHEN n = 1 THEN 'admin' ELSE 'user' END
        FROM generate_series(1, 100) AS n""",
    "user_plans": """
        INSERT INTO user_plans (user_id, plan_id, is_active, expires_at) VALUES
            (1, 3, true, NULL), (2, 1, true, now() + interval '9 days'),
            (3, 3, true, now() - interval '9 days'), (4, 3, false, NULL),
            (5, 3, true, NULL), (5, 1, true, NULL)""",
    "api_keys_new": """
        INSERT INTO api_keys_new (id, user_id, api_key, key_name, is_primary, scope_permissions,
            rate_limit_config, ip_allowlist, domain_referrers)
        SELECT n, n, 'gw_live_' || md5('key' || n), 'Key ' || n, n = 1,
            (ARRAY['{"api_keys": ["read"], "chat": ["write"]}', '{"models": ["read"]}',
                   '{"read": ["*"], "write": ["*"], "admin": ["*"]}',
                   '{"read": ["chat", "models"], "write": ["api_keys"]}'])[1 + n % 4]::jsonb,
            CASE WHEN n = 7 THEN '{"requests_per_minute": 77, "tokens_per_day": 5}'::jsonb END,
            CASE WHEN n = 8 THEN ARRAY['192.0.2.0/24', 'office'] ELSE '{}' END,
            CASE WHEN n = 9 THEN ARRAY['http://localhost:3000'] ELSE '{}' END
        FROM generate_series(1, 100) AS n""",
    "rate_limit_configs": """
        INSERT INTO rate_limit_configs (api_key_id, window_type, window_size, max_requests,
            max_tokens, concurrency_limit, is_active) VALUES
            (5, 'sliding', 60, 11, 12, 3, true), (5, 'sliding', 3600, 21, 22, 4, true),
            (5, 'day', 0, 31, 32, 0, true), (6, 'sliding', 60, 1, 1, 1, false),
            (6, 'sliding', 61, 1, 1, 1, true), (7, 'minute', 60, 1, 700, 9, true)""",
    "api_key_audit_logs": """
        INSERT INTO api_key_audit_logs (user_id, api_key_id, action, details)
        SELECT 1, 1, 'create', '{"api_key": "gw_live_secret_of_the_log"}'
        FROM generate_series(1, 9)""",
    "notification_preferences": """
        INSERT INTO notification_preferences (user_id, email_notifications, usage_alerts,
            webhook_url)
        VALUES (1, false, false, 'https://example.com/hook'), (2, true, true, NULL)""",
    "notifications": """
        INSERT INTO notifications (user_id, type, subject, content, status, sent_at) VALUES
            (1, 'low_balance', 'Low', 'Your key gw_live_1234567890abcdef', 'sent', now()),
            (1, 'plan_expiry', 'Ends', 'Soon', 'pending', NULL)""",
    "referrals": """
        INSERT INTO referrals (referrer_id, referred_user_id, referral_code, status, completed_at)
        VALUES (1, 2, 'REF00001', 'completed', now()), (1, 3, 'REF00001', 'pending', NULL),
            (4, 2, 'REF00004', 'pending', NULL), (1, NULL, 'REF00001', 'pending', NULL)""",
    "chat_sessions": """
        INSERT INTO chat_sessions (id, user_id, title, conversation_id, rolling_summary)
        SELECT n, n, 'Chat ' || n, CASE WHEN n % 2 = 0 THEN gen_random_uuid() END,
            CASE WHEN n % 3 = 0 THEN 'Summary ' || n END FROM generate_series(1, 100) AS n""",
    "chat_messages": """
        INSERT INTO chat_messages (id, session_id, role, content, model, tokens, sequence_number)
        SELECT n, 1 + (n - 1) / 50, (ARRAY['user', 'assistant'])[1 + n % 2],
            'Message ' || n,
            'm', n,
            -- The first session is numbered backwards.
            CASE WHEN n <= 50 THEN 51 - n ELSE 1 + (n - 1) % 50 END
        FROM generate_series(1, 5000) AS n""",
    "message_feedback": """
        INSERT INTO message_feedback (session_id, message_id, user_id, feedback_type, rating)
        SELECT 1, n, 1, 'thumbs_up', 1 + n % 5 FROM generate_series(1, 20) AS n;
        -- An earlier one, a later one, one that was changed later, another user's, and no thumb.
        INSERT INTO message_feedback (session_id, message_id, user_id, feedback_type, created_at,
            updated_at)
        VALUES (1, 1, 1, 'thumbs_down', '2020-01-01', '2020-01-01'),
            (1, 2, 1, 'thumbs_down', '2999-01-01', '2999-01-01'),
            (1, 3, 1, 'thumbs_down', '2020-01-01', '2999-01-01'),
            (1, 4, 2, 'thumbs_down', '2020-01-01', '2020-01-01'),
            (1, 5, 1, 'regenerate', '2020-01-01', '2020-01-01')""",
    "shared_chats": """
        INSERT INTO shared_chats (session_id, share_token, created_by_user_id)
        VALUES (1, 'a-token-that-nobody-guesses', 1)""",
    "activity_log": """
        INSERT INTO activity_log (id, user_id, model, provider, tokens, cost)
        SELECT n, 1, 'm', 'p', n, n FROM generate_series(1, 50) AS n""",
    "credit_transactions": """
        INSERT INTO credit_transactions (id, user_id, amount, transaction_type, balance_before,
            balance_after) VALUES (1, 1, 5, 'purchase', 0, 5)""",
    "rate_limit_usage": """
        INSERT INTO rate_limit_usage (user_id, api_key, window_type, window_start)
        VALUES (1, 'gw_live_' || md5('key1'), 'minute', now())""",
    "usage_records": """
        INSERT INTO usage_records (user_id, api_key, model)
        VALUES (1, 'gw_live_' || md5('key1'), 'm')""",
    "trial_grants": "INSERT INTO trial_grants (user_id, api_key_id) VALUES (1, 1)",
    "coupons": "INSERT INTO coupons (assigned_to_user_id, created_by) VALUES (1, 2)",
}


def rows(*, without_tables: Collection[str] = ()) -> str:
    """SQL that puts rows into the tables."""
    return ";".join(sql for table, sql in ROWS.items() if table not in without_tables) + ";"

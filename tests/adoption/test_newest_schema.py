"""manage.py adopt on the newest schema of the old service, with rows in every table."""

import os

import psycopg
import pytest

from adoption.copying import batch_statement
from adoption.management.commands.adopt import PLANS
from adoption.old_tables import OldTable
from tests.adoption.conftest import database
from tests.adoption.newest_schema import newest_schema, rows
from tests.gatewayz.processes import CHECKOUT
from tests.plans import steps

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def adopted():
    with database(f"newest_{os.getpid()}", newest_schema() + rows()) as old:
        result = old.adopt()
        assert (result.returncode, result.stderr[-3000:]) == (0, "")
        old.output = result.stdout
        yield old


def by_id(old, table, columns, key="id"):
    return {row.pop(key): row for row in old.rows(f"SELECT {key}, {columns} FROM public.{table}")}


def differing(old, table, new, before):
    """How many rows are in only one of two queries, of the new table and of the old one."""
    new, before = f"SELECT {new} FROM public.{table}", f"SELECT {before} FROM legacy.{table}"
    return old.value(
        f"SELECT count(*) FROM (({new} EXCEPT {before}) UNION ALL ({before} EXCEPT {new})) AS d"
    )


def test_reports_the_outcome_for_every_table(adopted):
    for line in (
        "plans: 3 found, 3 adopted, 0 skipped",
        "users: 100 found, 100 adopted, 0 skipped",
        "user_plans: 6 found, 4 adopted, 2 skipped",
        "api_keys_new: 100 found, 100 adopted, 0 skipped",
        "rate_limit_configs: 6 found, 4 adopted, 2 skipped",
        "notification_preferences: 2 found, 2 adopted, 0 skipped",
        "notifications: 2 found, 2 adopted, 0 skipped",
        "referrals: 4 found, 2 adopted, 2 skipped",
        "api_key_audit_logs: 9 found, 9 adopted, 0 skipped",
        "chat_sessions: 100 found, 100 adopted, 0 skipped",
        "chat_messages: 5,000 found, 5,000 adopted, 0 skipped",
        "message_feedback: 25 found, 22 adopted, 3 skipped",
        "  3 skipped: a later thumb of its user on its message stays",
        "shared_chats: 1 found, 1 adopted, 0 skipped",
        "activity_log: 50 found, 50 adopted, 0 skipped",
        "  1 not made staff: its role was not user",
    ):
        assert line in adopted.output


def test_every_row_of_chats_and_activity_is_kept_unchanged(adopted):
    for table, columns in {
        "chat_sessions": "id, user_id, title, model, is_active, created_at, updated_at",
        "chat_messages": "id, session_id, role, content, model, tokens, created_at",
        "activity_log": 'id, user_id, "timestamp", model, provider, tokens, cost',
        "users": "id, username, email, settings, preferences, is_active, created_at",
        "api_keys_new": "id, user_id, key_name, is_active, is_primary, created_at",
    }.items():
        assert differing(adopted, table, columns, columns) == 0
    assert (
        differing(
            adopted,
            "shared_chats",
            "id, session_id, token, user_id, is_active",
            "id, session_id, share_token, created_by_user_id, is_active",
        )
        == 0
    )


def test_the_latest_thumb_of_each_user_on_a_message_is_kept_unchanged(adopted):
    columns = "id, session_id, message_id, user_id, feedback_type::text, rating, created_at"
    missing = adopted.rows(
        f"SELECT {columns} FROM legacy.message_feedback "
        f"EXCEPT SELECT {columns} FROM public.message_feedback"
    )

    assert sorted((row["message_id"], row["feedback_type"]) for row in missing) == [
        (1, "thumbs_down"),
        (2, "thumbs_up"),
        (3, "thumbs_up"),
    ]


def test_messages_are_in_the_order_of_their_numbers(adopted):
    assert (
        differing(
            adopted,
            "chat_messages",
            "session_id, id, row_number() OVER (PARTITION BY session_id ORDER BY position)",
            "session_id, id, row_number() OVER (PARTITION BY session_id ORDER BY sequence_number)",
        )
        == 0
    )
    assert (
        adopted.value(
            "SELECT count(*) FROM (SELECT parent_id, lag(id) OVER "
            "(PARTITION BY session_id ORDER BY position) AS earlier FROM public.chat_messages) "
            "AS message WHERE parent_id IS DISTINCT FROM earlier"
        )
        == 0
    )
    assert not adopted.value("SELECT count(*) FROM public.chat_messages WHERE user_id IS NULL")


def test_conversation_ids_and_summaries_of_sessions_are_kept(adopted):
    assert (
        differing(
            adopted,
            "chat_sessions",
            "id, external_id, metadata->>'rolling_summary'",
            "id, conversation_id::text, rolling_summary",
        )
        == 0
    )


def test_the_balance_is_the_allowance_and_the_purchased_credits(adopted):
    assert adopted.rows("SELECT reason, amount FROM credits WHERE user_id = 7 ORDER BY 1") == [
        {"reason": "opening_allowance", "amount": 7},
        {"reason": "opening_purchase", "amount": adopted.value("SELECT 14.25")},
    ]
    assert adopted.value("SELECT sum(amount) FROM credits") == adopted.value(
        "SELECT sum(subscription_allowance + purchased_credits) FROM legacy.users"
    )


def test_keys_keep_their_limits(adopted):
    columns = (
        "requests_per_minute, requests_per_hour, requests_per_day, "
        "tokens_per_minute, tokens_per_hour, tokens_per_day, concurrency_limit"
    )
    limits = by_id(adopted, "rate_limit_configs", columns, key="api_key_id")

    assert {key: list(one.values()) for key, one in limits.items()} == {
        5: [11, 21, 31, 12, 22, 32, 4],
        # Those that the user set come first.
        7: [77, 0, 0, 700, 0, 5, 9],
    }


def test_no_working_key_is_deactivated(adopted):
    assert not adopted.value("SELECT count(*) FROM public.api_keys_new WHERE NOT is_active")


def test_scopes_are_translated(adopted):
    scopes = {
        key: one["scope_permissions"]
        for key, one in by_id(adopted, "api_keys_new", "scope_permissions").items()
    }

    assert scopes[1] == {}, "a primary key"
    assert scopes[4] == {"keys": ["read"], "chat": ["write"]}
    assert scopes[5] == {"chat": ["read", "write"]}, "only unknown ones"
    assert scopes[6] == {}
    assert scopes[7] == {"chat": ["read"], "keys": ["write"]}
    assert "unknown scopes dropped" in adopted.output


def test_readable_entries_of_allow_lists_are_kept(adopted):
    keys = by_id(adopted, "api_keys_new", "ip_allowlist, domain_referrers")

    assert keys[8]["ip_allowlist"] == ["192.0.2.0/24"]
    assert keys[9]["domain_referrers"] == ["localhost"]


def test_users_keep_their_plans(adopted):
    plans = by_id(adopted, "plans", "name, daily_request_limit, plan_type, features")
    users = {user: one["plan_id"] for user, one in by_id(adopted, "users", "plan_id").items()}

    assert plans == {
        1: {"name": "Free", "daily_request_limit": 100, "plan_type": "free", "features": ["a"]},
        3: {"name": "Pro", "daily_request_limit": 50_000, "plan_type": "pro", "features": []},
        4: {
            "name": "Starter",
            "daily_request_limit": 5000,
            "plan_type": "custom",
            "features": ["a"],
        },
    }
    assert [users[n] for n in range(1, 6)] == [3, 4, 1, 1, 4]
    assert users[10] == 3, "by tier"
    assert users[11] == 1


def test_an_opt_out_of_notifications_is_kept(adopted):
    (preferences,) = adopted.rows("SELECT * FROM notification_preferences WHERE user_id = 1")

    assert not preferences["email_notifications"]
    assert not preferences["usage_alerts"]
    assert preferences["webhook_url"] == "https://example.com/hook"


def test_notifications_are_kept_and_not_sent_again(adopted):
    sent, pending = adopted.rows("SELECT * FROM public.notifications ORDER BY id")

    assert (sent["kind"], sent["status"]) == ("low_balance", "sent")
    assert sent["details"]["content"] == "Your key gw_live_12…"
    assert (pending["status"], pending["due_at"]) == ("failed", None)


def test_referrals_and_invite_links_are_kept(adopted):
    assert adopted.rows(
        "SELECT referrer_id, referred_user_id, bonus, completed_at IS NOT NULL AS completed "
        "FROM public.referrals ORDER BY id"
    ) == [
        {"referrer_id": 1, "referred_user_id": 2, "bonus": 10, "completed": True},
        {"referrer_id": 1, "referred_user_id": 3, "bonus": 10, "completed": False},
    ]
    assert adopted.value("SELECT code FROM referral_codes WHERE user_id = 7") == "REF00007"
    assert adopted.value("SELECT count(*) FROM referral_codes") == 100


def test_the_audit_log_of_keys_is_kept_without_its_secrets(adopted):
    (entry,) = adopted.rows(
        "SELECT action, target, user_id, after FROM audit_log GROUP BY 1, 2, 3, 4"
    )

    assert entry == {"action": "create", "target": "api_key:1", "user_id": 1, "after": None}
    assert adopted.value("SELECT count(*) FROM audit_chain") == 9


def test_reports_what_stays_behind_by_name_and_number(adopted):
    for line in (
        "coupons: 1 rows stay where they are",
        "credit_transactions: 1 rows stay where they are",
        "welcome_email_sent (100)",
        "burst_limit (6)",
    ):
        assert line in adopted.output


KEY = "gw_(live|test)_[0-9a-f]{9}"


def with_keys(old):
    """The tables in which a key can be read."""
    tables = old.rows(
        "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables "
        "WHERE table_schema IN ('public', 'legacy') AND table_type = 'BASE TABLE'"
    )
    return [
        table["name"]
        for table in tables
        if old.value(f"SELECT count(*) FROM {table['name']} AS row WHERE row::text ~ %s", KEY)
    ]


def test_keys_in_plain_text_stop_working(adopted):
    """Comes last: it drops what the others compare with."""
    assert "legacy.api_keys_new" in with_keys(adopted)

    of_keys = adopted.adopt("--drop-old=keys")

    assert (of_keys.returncode, of_keys.stderr) == (0, "")
    assert "usage_records: keys in 1 rows of api_key are masked" in of_keys.stdout
    assert with_keys(adopted) == []
    assert adopted.value("SELECT count(*) FROM legacy.users") == 100
    assert adopted.value("SELECT user_id FROM trial_grants") == 1

    of_tables = adopted.adopt("--drop-old")

    assert (of_tables.returncode, of_tables.stderr) == (0, "")
    assert adopted.value("SELECT to_regnamespace('legacy')") is None
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        adopted.rows("INSERT INTO trial_grants (user_id) VALUES (101)")


@pytest.mark.django_db
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.label)
def test_a_batch_costs_the_same_however_big_the_tables_are(adopted, plan):
    columns = adopted.rows(
        "SELECT column_name AS name, data_type AS kind FROM information_schema.columns "
        "WHERE table_schema = 'legacy' AND table_name = %s",
        plan.table,
    )
    old = OldTable(plan.table, {column["name"]: column["kind"] for column in columns}, rows=1)
    given = {**plan.parameters, "table": plan.label, "after": 0, "rows": 2000, "computed": "[]"}
    with psycopg.connect(adopted.url) as connection:
        connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        plan_of_page = connection.execute(
            "EXPLAIN (FORMAT JSON) " + batch_statement(plan, old), given
        ).fetchone()[0][0]["Plan"]

    nodes = list(steps(plan_of_page))
    # A hash of a whole table would be made again for every batch, and so would a sorted copy.
    assert not [node for node in nodes if "hashed SubPlan" in str(node)]
    (page,) = [node for node in nodes if node.get("Subplan Name") == "CTE read"]
    kinds = [node["Node Type"] for node in steps(page)]
    assert kinds in (["Limit", "Index Scan"], ["Limit", "Index Only Scan"])


def test_a_dry_run_changes_nothing_and_older_schemas_are_adopted_after_a_kill():
    without = {
        "plans",
        "user_plans",
        "rate_limit_configs",
        "notification_preferences",
        "notifications",
        "referrals",
        "message_feedback",
        "shared_chats",
        "api_key_audit_logs",
        "credit_transactions",
    }
    columns = {
        ("users", "subscription_allowance"),
        ("users", "purchased_credits"),
        ("api_keys_new", "rate_limit_config"),
        ("chat_messages", "sequence_number"),
        ("chat_sessions", "conversation_id"),
        ("chat_sessions", "rolling_summary"),
    }
    sql = newest_schema(without_tables=without, without_columns=columns)
    few = """
        ALTER TABLE users ADD COLUMN credits numeric;
        INSERT INTO users (id, username, email, credits, tier)
        SELECT n, 'user' || n, n || '@example.com', n, 'pro' FROM generate_series(1, 9000) AS n;
        INSERT INTO chat_sessions (id, user_id, title)
        SELECT n, 1 + n % 9000, 'Chat ' || n FROM generate_series(1, 40000) AS n;
    """
    with database(f"generation_{os.getpid()}", sql + few) as old:
        looked = old.adopt("--dry-run")
        assert (looked.returncode, looked.stderr) == (0, "")
        assert old.value("SELECT to_regnamespace('legacy')") is None

        old.adopt_killed_when(
            lambda: (
                old.value("SELECT to_regclass('legacy.adoption_progress')") is not None
                and old.value("SELECT count(*) FROM legacy.adoption_progress WHERE found > 0")
            )
        )
        assert old.adopt().returncode == 0

        assert old.value("SELECT sum(amount) FROM credits") == 9000 * 9001 / 2
        assert old.value("SELECT count(*) FROM public.users WHERE plan_id = 2") == 9000
        columns = "id, user_id, title, created_at, updated_at"
        assert differing(old, "chat_sessions", columns, columns) == 0

        guide = (CHECKOUT / "docs/adopt.md").read_text()
        old.rows(guide.split("## The way back")[1].split("```sql")[1].split("```")[0])
        assert old.value("SELECT sum(credits) FROM public.users") == 9000 * 9001 / 2
        assert old.value("SELECT to_regnamespace('legacy')") is None

"""manage.py adopt on the newest schema of the old service, with rows in every table."""

import os

import pytest

from tests.adoption.conftest import database
from tests.adoption.newest_schema import newest_schema, rows

pytestmark = pytest.mark.timeout(180)


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


def test_says_what_became_of_every_table(adopted):
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
        "message_feedback: 20 found",
        "shared_chats: 1 found, 1 adopted, 0 skipped",
        "activity_log: 50 found, 50 adopted, 0 skipped",
        "  1 not made staff: its role was not user",
    ):
        assert line in adopted.output


def test_every_row_of_chats_and_activity_is_the_same(adopted):
    for table, columns in {
        "chat_sessions": "id, user_id, title, model, is_active, created_at, updated_at",
        "chat_messages": "id, session_id, role, content, model, tokens, created_at",
        "message_feedback": "id, session_id, message_id, user_id, rating, created_at",
        "activity_log": 'id, user_id, "timestamp", model, provider, tokens, cost',
        "users": "id, username, email, settings, preferences, is_active, created_at",
        "api_keys_new": "id, user_id, key_name, is_active, is_primary, created_at",
    }.items():
        if table == "message_feedback":
            # One thumb for each user and message.
            continue
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


def test_no_working_key_is_switched_off(adopted):
    assert not adopted.value("SELECT count(*) FROM public.api_keys_new WHERE NOT is_active")


def test_scopes_become_those_of_this_service(adopted):
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


def test_entries_of_allow_lists_that_can_be_read_stay(adopted):
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


def test_an_opt_out_of_notifications_stays(adopted):
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

"""manage.py adopt, killed twice on the way: the old and the new rows, compared one by one."""

import hashlib
import json
import os
import subprocess
import sys
from http.client import HTTPConnection, HTTPException

import psycopg
import pytest

from accounts.access.key_lookup import current_digest
from tests.adoption.conftest import database
from tests.gatewayz.processes import CHECKOUT
from tests.ports import free_port
from tests.waiting import WAIT_SECONDS, wait_until

pytestmark = pytest.mark.timeout(900)

IN_ORDER = "id < 900000"
TABLES = ("users", "api_keys_new", "chat_sessions", "chat_messages", "activity_log")


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def dump(old, schema):
    """All rows of the old service's tables, as they are in a schema."""
    return {
        table: old.rows(f"SELECT * FROM {schema}.{table} AS row ORDER BY id") for table in TABLES
    }


@pytest.fixture(scope="module")
def first_rows(old):
    return dump(old, "public")


@pytest.fixture(scope="module")
def dry_run(old, first_rows):
    result = old.adopt("--dry-run")
    assert (result.returncode, result.stderr) == (0, "")
    assert old.value("SELECT to_regnamespace('legacy')") is None
    return result.stdout


@pytest.fixture(scope="module")
def output(old, dry_run):
    """The output of an adoption that finished, after a dry run and two that were killed."""
    old.adopt_killed_when(
        lambda: old.value("SELECT to_regclass('legacy.adoption_progress')") is not None
    )
    assert old.value("SELECT to_regclass('activity_daily')") is None, "killed while it migrates"
    old.adopt_killed_when(
        lambda: (
            old.value("SELECT to_regclass('chat_messages')") is not None
            and old.value("SELECT count(*) FROM chat_messages")
        )
    )
    assert 0 < old.value("SELECT count(*) FROM chat_messages") < 20_000

    result = old.adopt()
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def same(old, new_columns, table, old_columns=None):
    """Whether the old and the new table have the same rows, except those that are not in order."""
    new = f"SELECT {new_columns} FROM public.{table} WHERE {IN_ORDER}"
    before = f"SELECT {old_columns or new_columns} FROM legacy.{table} WHERE {IN_ORDER}"
    return old.value(
        f"SELECT count(*) FROM (({new} EXCEPT {before}) UNION ALL ({before} EXCEPT {new})) AS d"
    ) == 0 and old.value(f"SELECT count(*) > 0 FROM public.{table} WHERE {IN_ORDER}")


def test_reports_how_many_rows_it_found_adopted_and_skipped(output):
    for line in (
        "users: 3,010 found, 3,010 adopted, 0 skipped",
        "api_keys_new: 5,007 found, 5,005 adopted, 2 skipped",
        "chat_sessions: 6,003 found, 6,002 adopted, 1 skipped",
        "chat_messages: 20,004 found, 20,002 adopted, 2 skipped",
        "activity_log: 5,004 found, 5,002 adopted, 2 skipped",
        "  1 skipped: its user is missing",
        "  1 skipped: it has no key",
        "  2 skipped: its session is missing",
        "  2 e-mail address dropped: another user has it",
        "  3 e-mail address dropped: it is not valid",
        "payments: its foreign keys will point to the old tables",
        "  not adopted: auth_method",
    ):
        assert line in output


def test_a_dry_run_says_which_rows_will_be_skipped(dry_run):
    skipped = sorted(line for line in dry_run.splitlines() if "to be skipped" in line)

    assert skipped == [
        "activity_log: 1 to be skipped: it has no time",
        "activity_log: 1 to be skipped: its user is missing",
        "api_keys_new: 1 to be skipped: it has no key",
        "api_keys_new: 1 to be skipped: its user is missing",
        "chat_messages: 1 to be skipped: its session is missing",
        "chat_sessions: 1 to be skipped: its user is missing",
    ]


def test_the_old_balance_opens_the_ledger(old, output):
    assert old.value("SELECT count(*) FROM public.credits") >= 3000
    assert old.rows("SELECT amount, reason, cause FROM public.credits WHERE user_id = 17") == [
        {"amount": 17, "reason": "opening_balance", "cause": "opening_balance"}
    ]
    assert not old.value("SELECT count(*) FROM public.credits WHERE amount = 0")


def test_leaves_the_old_rows_unchanged(old, output, first_rows):
    left = dump(old, "legacy")

    # As text: NaN is not equal to itself.
    assert {table: str(rows) for table, rows in left.items()} == {
        table: str(rows) for table, rows in first_rows.items()
    }


def test_every_valid_row_is_kept_unchanged(old, output):
    old.rows("SET timezone = 'UTC'")
    assert same(old, "id, username, email, privy_user_id, is_active, created_at", "users")
    assert same(
        old,
        "id, user_id, key_name, environment_tag, is_active, is_primary, expiration_date, "
        "requests_used, last_used_at, created_at, updated_at",
        "api_keys_new",
    )
    assert same(
        old,
        "id, user_id, title, model, is_active, created_at, updated_at",
        "chat_sessions",
        "id, user_id, title, model, is_active, created_at AT TIME ZONE 'UTC', "
        "updated_at AT TIME ZONE 'UTC'",
    )
    assert same(
        old,
        "id, session_id, role, content, model, tokens, created_at",
        "chat_messages",
        "id, session_id, role, content, model, tokens, created_at AT TIME ZONE 'UTC'",
    )
    assert same(
        old,
        'id, user_id, "timestamp", model, provider, tokens, cost, speed, finish_reason, app, '
        "metadata",
        "activity_log",
        'id, user_id, "timestamp", model, provider, tokens, cost::numeric, speed, finish_reason, '
        "app, metadata",
    )


def test_every_key_is_digested(old, output):
    keys = old.rows("SELECT id, key_digest, key_prefix, last_four FROM api_keys_new ORDER BY id")
    users = old.rows("SELECT id, legacy_key_digest FROM users ORDER BY id")

    for key in keys[:5000]:
        secret = "gw_test_" + md5(f"key{key['id']}")
        assert key["key_digest"] == current_digest(secret)
        assert (key["key_prefix"], key["last_four"]) == (secret[:10], secret[-4:])
    for user in users[:3000]:
        secret = "gw_live_" + md5(f"users key{user['id']}")
        assert user["legacy_key_digest"] == current_digest(secret)


def test_no_key_is_printed_or_copied(old, output):
    assert "gw_" not in output
    for table in TABLES:
        assert not old.value(
            f"SELECT count(*) FROM public.{table} AS row WHERE row::text ~ %s",
            "gw_(live|test)_[0-9a-z-]{9}",
        )


def test_scopes_are_translated(old, output):
    by_id = {
        row["id"]: row["scope_permissions"]
        for row in old.rows("SELECT id, scope_permissions FROM api_keys_new")
    }

    assert by_id[3] == {}
    assert by_id[1] == {}
    assert by_id[3002] == {"chat": ["read"]}
    assert by_id[2] == {}, "the old service ignored those of primary keys"


def test_allow_lists_are_translated(old, output):
    (key,) = old.rows("SELECT * FROM api_keys_new WHERE id = 2")

    assert key["ip_allowlist"] == ["192.0.2.0/24", "2001:db8::/32"]
    assert key["domain_referrers"] == ["example.com", "*.example.org"]
    (unreadable,) = old.rows("SELECT * FROM api_keys_new WHERE id = 900007")
    assert (unreadable["ip_allowlist"], unreadable["is_active"]) == ([], False)


def test_the_first_user_keeps_a_duplicated_name_or_address(old, output):
    users = {
        row["id"]: row for row in old.rows("SELECT * FROM users WHERE id >= 900000 OR id <= 2")
    }

    assert users[1]["email"] == "User1@Example.com"
    assert users[900001]["email"] is None
    # The name that it would get is taken, too.
    assert users[900002]["username"].startswith("user-")
    assert (users[900003]["email"], users[900003]["username"]) == (None, "user-900003")
    assert users[900003]["is_active"] is True
    assert users[900003]["created_at"].year == 2023
    assert (users[900004]["legacy_key_digest"], users[900004]["privy_user_id"]) == (None, None)
    assert users[900005]["username"] == "twin-900005"
    assert users[900006]["username"] == "twin-900005-900006"
    assert users[900006]["email"] is None
    assert len(users[900007]["username"]) == 254
    assert users[900008]["email"] == "kim@xn--bcher-kva.example"
    assert users[900009]["email"] is None
    assert users[900010]["email"] is None
    assert all(user["password"].startswith("!") for user in users.values())


def test_invalid_keys_are_repaired(old, output):
    keys = {row["id"]: row for row in old.rows("SELECT * FROM api_keys_new WHERE id >= 900000")}

    assert keys.keys() == {900001, 900002, 900005, 900006, 900007}
    assert (keys[900001]["key_name"], keys[900001]["environment_tag"]) == (
        "Key 3000 (900001)",
        "live",
    )
    assert (keys[900001]["requests_used"], keys[900001]["is_primary"]) == (0, True)
    assert (keys[900002]["key_name"], keys[900002]["is_active"]) == ("Key 900002", True)
    assert keys[900005]["is_active"] is True
    assert keys[900005]["scope_permissions"] == {"chat": ["read", "write"]}
    assert keys[900006]["key_prefix"] == ""


def test_invalid_chats_are_repaired(old, output):
    sessions = {r["id"]: r for r in old.rows("SELECT * FROM chat_sessions WHERE id >= 900000")}
    messages = {r["id"]: r for r in old.rows("SELECT * FROM chat_messages WHERE id >= 900000")}

    assert sessions.keys() == {900001, 900003}
    assert sessions[900001]["title"] == "Chat 2024-05-05 10:20"
    assert sessions[900001]["model"] == "openai/gpt-3.5-turbo"
    assert sessions[900003]["title"] == "y" * 255
    assert messages.keys() == {900001, 900002}
    assert (messages[900001]["role"], messages[900001]["content"]) == ("user", "")
    assert messages[900001]["created_at"] == sessions[900001]["created_at"]
    assert (messages[900002]["role"], messages[900002]["tokens"]) == ("user", 0)


def test_activity_is_added_up(old, output):
    assert old.value("SELECT count(*) FROM activity_log WHERE id >= 900000") == 2
    wrong = """
        SELECT count(*) FROM (
            SELECT user_id, ("timestamp" AT TIME ZONE 'UTC')::date AS day, model, provider,
                   count(*), sum(tokens), sum(cost), count(*)
            FROM activity_log GROUP BY 1, 2, 3, 4
            EXCEPT
            SELECT user_id, day, model, provider, requests, tokens, spend, logged
            FROM activity_daily
        ) AS missing
    """
    assert old.value(wrong) == 0
    assert old.value("SELECT sum(requests) FROM activity_daily") == 5002


def test_new_rows_get_ids_after_the_old_ones(old, output):
    for table, last in {
        "users": 900007,
        "api_keys_new": 900007,
        "chat_sessions": 900003,
        "chat_messages": 900004,
        "activity_log": 900004,
    }.items():
        assert old.value(f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))") > last


def test_a_second_adoption_changes_nothing(old, output):
    before = dump(old, "public")

    again = old.adopt()

    assert again.returncode == 0
    assert str(dump(old, "public")) == str(before)
    assert "users: 3,010 found, 3,010 adopted, 0 skipped" in again.stdout


@pytest.fixture(scope="module")
def port(old, output):
    """A web process that serves the adopted database."""
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)),
            *("--log-level", "error", "--no-ws", "gatewayz.wsgi:application"),
        ],
        cwd=CHECKOUT,
        env=old.environ | {"ACCEPT_LEGACY_KEYS": "on", "REDIS_KEY_PREFIX": old.name},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )

    def answers():
        try:
            return ask(port, "/healthz", "").status == 200
        except (OSError, HTTPException):
            return False

    wait_until(answers)
    yield port
    process.terminate()
    process.wait()


def ask(port, path, api_key, body=None):
    connection = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    try:
        connection.request("POST" if body else "GET", path, body and json.dumps(body), headers)
        response = connection.getresponse()
        response.body = json.loads(response.read() or "null") if "/v1" in path else None
        return response
    finally:
        connection.close()


def test_adopted_keys_work(port):
    of_user_4 = "gw_test_" + md5("key3")

    listed = ask(port, "/v1/chat/sessions", of_user_4)
    assert listed.status == 200
    assert {one["title"] for one in listed.body["data"]} == {"Title of 3003"} | {
        title for title in ["Title of 3"] if 3 % 9
    }
    found = ask(port, "/v1/chat/search", of_user_4, {"query": "penguins"})
    assert found.body["count"] > 0
    made = ask(port, "/v1/chat/sessions", of_user_4, {"title": "new"})
    assert made.status == 201
    assert made.body["data"]["id"] > 900003
    stats = ask(port, "/v1/activity/stats?from=2025-03-01&to=2026-03-01", of_user_4)
    assert stats.body["total_requests"] == 50


@pytest.mark.parametrize(
    ("api_key", "status"),
    [
        ("gw_live_" + md5("users key3"), 200),  # of the users table
        ("gw_live_" + md5("users key10"), 401),  # of a deactivated user
        ("gw_live_" + md5("users key7"), 401),  # a deactivated key, which is in both tables
        ("gw_test_" + md5("key7"), 401),  # a deactivated key
        ("gw_live_" + md5("nobody's"), 401),
    ],
)
def test_a_key_is_accepted_as_the_old_service_would(port, api_key, status):
    assert ask(port, "/v1/chat/sessions", api_key).status == status


def test_drops_the_old_tables_on_request_and_redirects_references():
    users = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    payments = "CREATE TABLE payments (user_id bigint REFERENCES users (id) ON DELETE CASCADE);"
    row = "INSERT INTO users VALUES (1); INSERT INTO payments VALUES (1);"
    with database(f"old_users_{os.getpid()}", users + payments + row) as old:
        assert "There are no old tables" in old.adopt("--drop-old").stderr
        assert old.adopt().returncode == 0

        dropped = old.adopt("--drop-old")

        assert "payments_user_id_fkey points to the new users" in dropped.stdout
        assert old.value("SELECT to_regnamespace('legacy')") is None
        assert "nothing to adopt" in old.adopt().stderr
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            old.rows("INSERT INTO payments VALUES (2)")


def test_says_what_depends_on_the_old_tables_instead_of_dropping_them():
    users = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    view = "CREATE VIEW addresses AS SELECT email FROM users"
    with database(f"old_view_{os.getpid()}", users + view) as old:
        assert old.adopt().returncode == 0

        assert "addresses" in old.adopt("--drop-old").stderr

        assert old.value("SELECT to_regclass('legacy.users')") is not None


@pytest.mark.parametrize(
    ("tables", "complaint"),
    [
        ("", "no table `users`"),
        ("CREATE TABLE users (id uuid PRIMARY KEY)", "users.id is uuid, not an integer"),
        (
            "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE api_keys_new (id int)",
            "api_keys_new has no column api_key; api_keys_new has no column user_id",
        ),
    ],
)
def test_reports_what_it_does_not_understand(tables, complaint):
    with database(f"odd_service_{os.getpid()}", tables) as odd:
        result = odd.adopt()

        assert result.returncode == 1
        assert complaint in result.stderr
        assert odd.value("SELECT to_regnamespace('legacy')") is None


def test_supabases_web_api_gets_no_rights_on_the_new_tables():
    with database(
        f"web_api_{os.getpid()}",
        """
        DO $$ BEGIN CREATE ROLE anon; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon;
        CREATE TABLE users (id bigint PRIMARY KEY);
        """,
    ) as old:
        assert old.adopt().returncode == 0

        assert not old.value("SELECT has_table_privilege('anon', 'users', 'SELECT')")
        assert old.value("SELECT has_table_privilege('anon', 'legacy.users', 'SELECT')")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute("DROP ROLE anon")


def test_an_earlier_failed_migration_does_not_matter():
    with database(f"tried_{os.getpid()}", "CREATE TABLE users (id bigint PRIMARY KEY)") as old:
        tried = subprocess.run(
            [sys.executable, "manage.py", "migrate"],
            cwd=CHECKOUT,
            env=old.environ,
            capture_output=True,
        )
        assert b"already exists" in tried.stderr

        adopted = old.adopt()

        assert (adopted.returncode, adopted.stderr) == (0, "")
        assert old.value("SELECT count(*) FROM django_migrations WHERE app = 'chat'") > 0

"""manage.py grant_roles: the service works as its roles, and can do nothing else as them."""

import os
import secrets
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule
from django_q.scheduler import scheduler

from accounts import activity, audit, background
from accounts.activity import partitions, retention
from accounts.audit.verification import verify
from accounts.keys import create_key, rotate_key
from accounts.models import ActivityEvent, AuditEntry, AuditPersonalData, User
from accounts.profile.erasure import erase_remaining, request_erasure
from accounts.worker import drain
from chat.models import ChatMessage, ChatSession
from chat.sessions.retention import purge_expired
from gatewayz.database import roles
from tests.conftest import ApiClient

committing = pytest.mark.django_db(transaction=True)

PREFIX = f"test_{os.getpid()}"
PASSWORD = secrets.token_hex()


@pytest.fixture(scope="module", autouse=True)
def _roles(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # As in a restored database.
        cursor.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC")
        roles.grant_roles(PREFIX)
        for role in ("migrator", "web", "worker"):
            cursor.execute(f"ALTER ROLE {PREFIX}_{role} PASSWORD '{PASSWORD}'")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for role in ("migrator", "web", "worker"):
            cursor.execute(f"REASSIGN OWNED BY {PREFIX}_{role} TO CURRENT_USER")
            cursor.execute(f"DROP OWNED BY {PREFIX}_{role}")
            cursor.execute(f"DROP ROLE {PREFIX}_{role}")


@contextmanager
def connected_as(role):
    """Django's connection is that of a role, as when DATABASE_URL names it."""
    before = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    connection.close()
    connection.settings_dict.update(USER=f"{PREFIX}_{role}", PASSWORD=PASSWORD)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@pytest.fixture(scope="module")
def connections(_roles):
    """A connection for each role, on which a rejected statement leaves nothing behind."""
    server = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name in {"dbname", "host", "port"}
    }
    with ExitStack() as stack:
        yield {
            role: stack.enter_context(
                psycopg.connect(
                    **server, user=f"{PREFIX}_{role}", password=PASSWORD, autocommit=True
                )
            )
            for role in ("web", "worker")
        }


@pytest.fixture
def as_web(user, api_key, admin_user):
    with connected_as("web"):
        yield


@pytest.fixture
def as_worker(user, api_key):
    with connected_as("worker"):
        yield


def run(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@committing
class TestWeb:
    def test_serves_the_chat_api(self, as_web, api):
        session = api.post_json("/v1/chat/sessions", {"title": "T"}).json()["data"]
        path = f"/v1/chat/sessions/{session['id']}"
        said = {"role": "user", "content": "Hello"}

        assert api.post_json(f"{path}/messages", said).status_code == 201
        assert api.post_json(f"{path}/messages/batch", {"messages": [said]}).status_code == 201
        assert api.post_json("/v1/chat/search", {"query": "hello"}).json()["count"] == 1
        assert api.post_json("/v1/chat/share", {"session_id": session["id"]}).status_code == 201
        assert api.delete(path).status_code == 200

    def test_serves_the_account_endpoints(self, as_web, api):
        for path in ("/v1/activity/stats", "/v1/activity/log", "/v1/user/api-keys/audit-logs"):
            assert api.get(path).status_code == 200

    def test_signs_users_up_and_in_and_exports_their_data(self, as_web, db):
        given = {"email": "new@example.com", "password": "correct horse battery staple"}
        Client().post("/v1/auth/register", given, content_type="application/json")
        signed_in = Client().post("/v1/auth", given, content_type="application/json")
        new = ApiClient(signed_in.json()["api_key"])

        assert new.put(
            "/v1/user/profile", {"username": "new"}, content_type="application/json"
        ).json()["success"]
        assert b'"type":"end"' in new.get("/v1/user/export").getvalue()
        confirmed = {"confirmation": "DELETE_ACCOUNT"}
        erased = new.delete("/v1/user/profile", confirmed, content_type="application/json")
        assert erased.status_code == 200

    def test_writes_activity_itself_when_redis_is_down(self, as_web, user, no_redis):
        activity.record(user_id=user.pk, finish_reason="tested")

        assert ActivityEvent.objects.filter(finish_reason="tested").exists()

    def test_creates_rotates_and_deletes_keys(self, as_web, user):
        key, _ = create_key(user, key_name="second")
        rotate_key(key)
        key.delete()

        assert AuditEntry.objects.filter(user_id=user.pk).count() == 3

    def test_serves_the_admin(self, as_web, user, admin_user):
        operator = Client()
        login = operator.post(
            reverse("admin:login"), {"username": admin_user.email, "password": "password"}
        )
        assert login.status_code == 302

        added = operator.post(
            reverse("admin:accounts_apikey_add"),
            {"user": user.pk, "key_name": "made", "environment_tag": "test"},
        )
        changed = operator.post(
            reverse("admin:accounts_user_change", args=[user.pk]),
            {"email": user.email, "username": "renamed", "plan": user.plan_id},
        )

        assert (added.status_code, changed.status_code) == (200, 302)
        assert {entry.action for entry in AuditEntry.objects.filter(channel="admin")} == {
            "admin_log_in",
            "key_created",
            "user_changed",
        }

    def test_opens_every_list_of_the_admin(self, as_web, admin_client):
        for app in admin_client.get(reverse("admin:index")).context["available_apps"]:
            for model in app["models"]:
                assert admin_client.get(model["admin_url"]).status_code == 200, model["name"]

    def test_cannot_shadow_the_tables_of_the_audit_chain(self, as_web, user):
        run("CREATE TEMPORARY TABLE audit_head (id int PRIMARY KEY, sequence bigint, hash text)")
        run("CREATE TEMPORARY TABLE audit_chain (sequence bigint, entry_id bigint, hash text)")

        create_key(user, key_name="second")

        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_temp.audit_chain")
            assert cursor.fetchone() == (0,)


@committing
class TestWorker:
    def test_drains_and_prunes(self, as_worker, user):
        activity.record(user_id=user.pk, finish_reason="tested")

        assert drain.sweep() == 1
        ActivityEvent.objects.update(timestamp=timezone.now() - timedelta(days=500))
        retention.prune(timezone.now() - timedelta(days=400))
        purge_expired()

        assert not ActivityEvent.objects.exists()

    def test_makes_and_drops_weeks_of_the_activity_log(self, as_worker, monkeypatch):
        partitions.add_weeks()
        monkeypatch.setattr(partitions, "WEEKS_AHEAD", partitions.WEEKS_AHEAD + 1)
        before = partitions.weeks()

        assert partitions.add_weeks() == 1
        partitions.drop_week(partitions.weeks()[-1])

        assert partitions.weeks() == before

    def test_erases_users_who_asked_for_it(self, as_worker, user, api):
        api.post_json("/v1/chat/sessions", {})
        request_erasure(user.pk)

        assert erase_remaining() == 1
        assert not User.objects.filter(pk=user.pk).exists()

    def test_queues_scheduled_tasks(self, as_worker):
        due = Schedule.objects.update(next_run=timezone.now())

        scheduler(background.broker())

        assert background.broker().queue_size() == due > 0

    def test_erases_a_user_and_verifies_the_rest(self, as_worker, user):
        erased = user.pk
        ChatMessage.objects.create(
            session=ChatSession.objects.create(user=user, title="T"), role="user", content="x"
        )

        audit.erase_personal_data(erased)
        user.delete()

        assert not AuditPersonalData.objects.filter(user_id=erased).exists()
        assert verify().sequence == 2


DENIED_TO_WEB = [
    "UPDATE audit_log SET action = 'x'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "DELETE FROM audit_personal_data",
    "UPDATE audit_personal_data SET content = '{}'",
    "SELECT * FROM audit_chain",
    "INSERT INTO audit_chain VALUES (1, 1, 'x')",
    "UPDATE audit_head SET sequence = 0",
    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_refuse ON audit_log",
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'",
    "SET LOCAL session_replication_role = replica",
    "CREATE TABLE t (id int)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE users ADD COLUMN t int",
    "DROP TABLE chat_messages",
    "DROP INDEX idx_users_email",
    "TRUNCATE chat_messages",
    "INSERT INTO django_q_schedule (func, schedule_type, repeats) VALUES ('f', 'O', 1)",
    "UPDATE django_q_schedule SET func = 'os.abort'",
    "SELECT * FROM django_migrations",
    "SELECT rolpassword FROM pg_authid",
    "SET ROLE postgres",
    "SET ROLE PREFIX_migrator",
    "SET ROLE PREFIX_worker",
    "CREATE ROLE mine",
    "ALTER ROLE PREFIX_web SUPERUSER",
    "COPY users TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT activity_log_drop_week('2026-01-05')",
]

DENIED_TO_WORKER = [
    "UPDATE audit_log SET action = 'x'",
    "DELETE FROM audit_log",
    "UPDATE audit_personal_data SET content = '{}'",
    "DELETE FROM audit_chain",
    "UPDATE audit_head SET sequence = 0",
    "SELECT * FROM django_session",
    "CREATE TABLE t (id int)",
    "ALTER TABLE users ADD COLUMN t int",
    "TRUNCATE users",
    "DROP TABLE activity_log_default",
]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        *(("web", statement) for statement in DENIED_TO_WEB),
        *(("worker", statement) for statement in DENIED_TO_WORKER),
    ],
)
def test_postgresql_denies(connections, role, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connections[role].execute(statement.replace("PREFIX", PREFIX))


@pytest.mark.long
@committing
def test_the_migrator_migrates():
    with connected_as("migrator"):
        call_command("migrate", "chat", "0006", verbosity=0)
        call_command("migrate", "chat", verbosity=0)
    roles.grant_roles(PREFIX)


def test_granting_again_changes_nothing(db):
    def rights():
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname, relowner, relacl::text FROM pg_class ORDER BY oid")
            return cursor.fetchall()

    before = rights()
    roles.grant_roles(PREFIX)

    assert rights() == before
    assert not any("OWNER TO" in statement for statement in roles.statements_to_grant(PREFIX))


def test_a_dry_run_prints_the_sql_and_runs_nothing(db, capsys):
    call_command("grant_roles", "--dry-run", "--prefix=nobody")

    assert "CREATE ROLE nobody_web LOGIN;\n" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'nobody%'")
        assert cursor.fetchone() == (0,)


def test_rejects_a_prefix_that_is_not_a_name(db):
    with pytest.raises(CommandError, match="lower-case letters"):
        call_command("grant_roles", "--prefix=x; DROP TABLE users")


def test_a_role_with_the_old_rights_loses_them(db):
    run(f"GRANT ALL ON audit_log TO {PREFIX}_web")
    run("GRANT SELECT ON audit_log TO PUBLIC")

    roles.grant_roles(PREFIX)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, 'audit_log', 'TRUNCATE')", [f"{PREFIX}_web"]
        )
        assert cursor.fetchone() == (False,)


def test_every_table_belongs_to_the_service(db):
    """A table that no model has gets no rights, so that one cannot be forgotten."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))

    models = apps.get_models(include_auto_created=True)
    assert tables - {model._meta.db_table for model in models} == {"django_migrations"}

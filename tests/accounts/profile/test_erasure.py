"""DELETE /v1/user/profile, and what the worker deletes afterwards."""

import os
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts import background
from accounts.audit.verification import verify
from accounts.background import timed_run
from accounts.models import ApiKey, AuditEntry, AuditPersonalData, User
from accounts.profile import erasure
from chat.models import ChatMessage
from chat.search.index import index_pending
from tests.gatewayz.processes import CHECKOUT
from tests.problems import assert_problem
from tests.waiting import wait_until

PATH = "/v1/user/profile"

pytestmark = pytest.mark.django_db(transaction=True)


def delete(api, body=None):
    body = {"confirmation": "DELETE_ACCOUNT"} if body is None else body
    return api.delete(PATH, body, content_type="application/json")


def rows_that_name(text):
    """The tables with a row that contains `text`, found in the database without the models."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE %s", [text])
            found[table] = cursor.fetchone()[0]
    return {table: count for table, count in found.items() if count}


def rows_of_user(user_id):
    """The tables with rows of a user, after the worker has emptied the list of what to index."""
    index_pending()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns "
            "WHERE column_name = 'user_id' AND table_schema = current_schema()"
        )
        tables = [table for (table,) in cursor.fetchall()]
        found = set()
        for table in tables:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} WHERE user_id = %s)", [user_id])
            if cursor.fetchone()[0]:
                found.add(table)
    return found


@contextmanager
def held(message):
    """A block in which nobody else can delete a message."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            # On a busy machine, the block takes longer than the service lets a connection be idle.
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT FROM chat_messages WHERE id = %s FOR UPDATE", [message.pk])
        yield
    finally:
        other.rollback()
        other.close()


def test_deactivates_the_account_immediately_and_erases_it_later(api, user, filled):
    response = delete(api)

    assert response.status_code == 200
    assert response.json()["success"] is True
    assert_problem(api.get(PATH), 401, "inactive_key")
    assert not ApiKey.objects.filter(user=user, is_active=True).exists()
    assert background.broker().queue_size() >= 1

    erasure.erase_remaining()

    assert not User.objects.filter(pk=user.pk).exists()
    assert_problem(api.get(PATH), 401, "unknown_key")


def test_ends_public_links_immediately(api, filled):
    path = f"/v1/chat/share/{filled['share_token']}"
    assert Client().get(path).status_code == 200

    delete(api)

    assert_problem(Client().get(path), 404, "not_found")


@pytest.mark.parametrize("body", [{}, {"confirmation": "yes"}, {"confirmation": None}])
def test_needs_confirmation(api, user, body):
    assert_problem(delete(api, body), 400, "validation_error")
    assert User.objects.filter(pk=user.pk, is_active=True).exists()


def test_leaves_only_an_audit_log_without_names(api, user, filled, stranger):
    assert {"users", "chat_messages", "django_admin_log", "audit_personal_data"} <= (
        rows_that_name("%ada@example%").keys()
    )
    others = rows_that_name("%eve@example%")

    delete(api)
    erasure.erase_remaining()

    assert rows_that_name("%ada@example%") == {}
    assert rows_of_user(user.pk) == {"audit_log"}
    assert not AuditPersonalData.objects.filter(user_id=user.pk).exists()
    assert rows_that_name("%eve@example%") == others, "what is others' stays"
    assert set(AuditEntry.objects.filter(user_id=user.pk).values_list("action", flat=True)) >= {
        "key_created",
        "erasure_requested",
        "personal_data_erased",
    }
    verify()


def test_continues_where_it_stopped(api, user, filled, monkeypatch):
    monkeypatch.setattr(erasure, "BATCH_ROWS", 1)
    monkeypatch.setattr(timed_run, "RUN_SECONDS", 0)
    delete(api)
    background.broker().purge_queue()

    assert erasure.erase_remaining() == 0
    assert background.broker().queue_size() == 1, "another run follows"
    assert User.objects.filter(pk=user.pk).exists()

    monkeypatch.setattr(timed_run, "RUN_SECONDS", 30)
    assert erasure.erase_remaining() == 1
    assert rows_of_user(user.pk) == {"audit_log"}


def test_a_worker_that_is_killed_leaves_the_rest_to_the_next(api, user, filled):
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            "INSERT INTO chat_messages (session_id, role, content, model, tokens, created_at) "
            "SELECT %s, 'user', 'I am ada@example.com ' || n, '', 0, now() "
            "FROM generate_series(1, 30000) AS n",
            [filled["session"]],
        )
        cursor.execute("RESET statement_timeout")
    delete(api)
    url = urlsplit(os.environ["DATABASE_URL"])._replace(
        path=f"/{connection.settings_dict['NAME']}"
    )
    with held(ChatMessage.objects.order_by("pk")[15_000]):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "erase_user", str(user.pk), "--no-input"],
            cwd=CHECKOUT,
            env=os.environ | {"DATABASE_URL": url.geturl()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: ChatMessage.objects.count() < 30_000)
        process.kill()
        process.wait()
    assert 0 < ChatMessage.objects.count() < 30_000

    assert erasure.erase_remaining() == 1

    assert rows_of_user(user.pk) == {"audit_log"}
    assert rows_that_name("%ada@example%") == {}


def test_erases_only_users_who_asked(user, filled):
    assert erasure.erase(user.pk) is True

    assert User.objects.filter(pk=user.pk).exists()


def test_without_redis_the_worker_finds_the_request_later(api, user, no_redis):
    assert delete(api).status_code == 200

    assert User.objects.filter(pk=user.pk).exists()
    assert erasure.erase_remaining() == 1


def test_deletes_in_bounded_batches(api, user, filled, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(erasure, "BATCH_ROWS", 100)
    ChatMessage.objects.bulk_create(
        ChatMessage(session_id=filled["session"], role="user", content="x") for _ in range(1000)
    )
    delete(api)

    with connection.execute_wrapper(_no_statement_deletes_more_than(100)):
        erasure.erase_remaining()

    assert not ChatMessage.objects.exists()


def test_forgets_personal_data_in_bounded_batches(api, user, monkeypatch):
    for n in range(5):
        api.post_json("/v1/user/api-keys", {"key_name": f"K{n}"})
    monkeypatch.setattr(erasure, "BATCH_ROWS", 2)
    delete(api)
    assert AuditPersonalData.objects.filter(user_id=user.pk).count() > 4

    with connection.execute_wrapper(_no_statement_deletes_more_than(2)):
        assert erasure.erase_remaining() == 1

    assert not AuditPersonalData.objects.filter(user_id=user.pk).exists()
    verify()


def _no_statement_deletes_more_than(rows):
    def check(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("DELETE"):
            assert context["cursor"].rowcount <= rows
        return result

    return check


def test_creating_a_session_during_an_erasure_is_not_a_server_error(api, user):
    api.get("/v1/chat/sessions")  # so that the key is cached
    with connection.cursor() as cursor:
        # Bypasses the models, so that the cache does not notice.
        cursor.execute("DELETE FROM api_keys_new")
        cursor.execute("DELETE FROM users WHERE id = %s", [user.pk])

    assert_problem(api.post_json("/v1/chat/sessions", {}), 404, "not_found")
    again = api.post_json("/v1/chat/sessions", {}, headers={"Idempotency-Key": "k"})
    assert_problem(again, 404, "not_found")
    assert_problem(api.get(PATH), 404, "not_found")
    assert_problem(delete(api), 404, "not_found")


def test_the_command_erases_immediately(user, api, filled, capsys):
    call_command("erase_user", "ADA@example.com", no_input=True)

    assert capsys.readouterr().out == f"User {user.pk} is erased.\n"
    assert rows_of_user(user.pk) == {"audit_log"}


def test_the_command_erases_only_after_confirmation(user, monkeypatch):
    with pytest.raises(CommandError, match="There is no user"):
        call_command("erase_user", "nobody@example.com")
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_user", str(user.pk))
    assert User.objects.filter(pk=user.pk, is_active=True).exists()


def test_the_admin_erases_after_confirmation(user, admin_client):
    path = "/admin/accounts/user/"
    action = {"action": "erase", "_selected_action": [user.pk]}

    asked = admin_client.post(path, action)
    assert b"cannot be undone" in asked.content
    assert User.objects.filter(pk=user.pk, is_active=True).exists()

    admin_client.post(path, {**action, "confirmed": "Erase"})
    assert not User.objects.get(pk=user.pk).is_active
    erasure.erase_remaining()
    assert not User.objects.filter(pk=user.pk).exists()

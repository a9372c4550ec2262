"""A statement that was lost with its connection runs again where that is safe."""

import os
import socket

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from gatewayz.database import base
from gatewayz.database.base import give_back_connections
from gatewayz.database.connections import BoundedConnection, InDoubtError
from gatewayz.request.deadline import DeadlineMiddleware
from tests.pools import pooled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def onlooker():
    """A connection that is not Django's."""
    params = {**connection.get_connection_params(), "autocommit": True}
    for name in ("cursor_factory", "context"):
        params.pop(name)
    with psycopg.connect(**params) as other:
        yield other


@pytest.fixture
def numbers(onlooker):
    """A table."""
    onlooker.execute("CREATE TABLE numbers (number integer)")
    yield "numbers"
    onlooker.execute("DROP TABLE numbers")


def terminate(onlooker):
    """End the backend of Django's connection, and wait until it has gone."""
    pid = connection.connection.info.backend_pid
    onlooker.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else cursor.rowcount


@pytest.fixture(autouse=True)
def _connected():
    connection.ensure_connection()
    yield
    connection.close()


def test_a_read_runs_again(onlooker):
    terminate(onlooker)

    assert run("SELECT 1") == [(1,)]


def test_a_write_that_never_ran_runs_again(onlooker, numbers):
    terminate(onlooker)

    run("INSERT INTO numbers VALUES (1)")

    assert run("SELECT number FROM numbers") == [(1,)]


def test_a_write_that_another_server_may_have_committed_does_not_run_again(
    onlooker, numbers, monkeypatch
):
    monkeypatch.setattr(base.DatabaseWrapper, "has_citus", lambda self: True)
    terminate(onlooker)

    with pytest.raises(OperationalError):
        run("INSERT INTO numbers VALUES (1)")

    assert run("SELECT number FROM numbers") == []


def test_a_write_of_unknown_outcome_does_not_run_again(numbers):
    connected = socket.socket(fileno=os.dup(connection.connection.pgconn.socket))
    with connected:
        connected.shutdown(socket.SHUT_RDWR)

    with pytest.raises(OperationalError):
        run("INSERT INTO numbers VALUES (1)")

    assert run("SELECT number FROM numbers") == []


def test_in_a_transaction_nothing_runs_again(onlooker, numbers):
    with pytest.raises(OperationalError), transaction.atomic():
        run("INSERT INTO numbers VALUES (1)")
        terminate(onlooker)
        run("INSERT INTO numbers VALUES (2)")

    assert run("SELECT number FROM numbers") == []


def test_a_connection_to_a_demoted_primary_is_dropped(onlooker, numbers):
    run("SET default_transaction_read_only = on")

    run("INSERT INTO numbers VALUES (1)")

    assert run("SELECT number FROM numbers") == [(1,)]


def test_a_lost_idempotent_request_runs_again(api, onlooker):
    claims = []

    def claim_and_lose(execute, sql, *arguments):
        result = execute(sql, *arguments)
        if "INSERT INTO chat_idempotency_keys" in sql:
            claims.append(sql)
            if len(claims) == 1:
                terminate(onlooker)
        return result

    with connection.execute_wrapper(claim_and_lose):
        response = api.post_json("/v1/chat/sessions", {}, headers={"Idempotency-Key": "once"})

    assert response.status_code == 201
    assert len(claims) == 2
    assert api.get("/v1/chat/sessions").json()["count"] == 1


# --- Statements that are a transaction by themselves --------------------------------------------


@pytest.fixture
def database():
    """Django's connection, which borrows from a pool for as long as the test lasts."""
    with pooled() as database:
        yield database


def test_an_autocommit_statement_borrows_and_returns_a_connection(database):
    assert database.fetch_autocommit("SELECT %s + 1", [1]) == [(2,)]

    assert database.connection is None
    assert database.shared_connections.get_stats()["pool_available"] == 1


def test_a_request_returns_its_connection_at_its_end(database):
    run("SELECT 1")
    assert database.shared_connections.get_stats()["pool_available"] == 0

    give_back_connections()

    assert database.connection is None
    assert database.shared_connections.get_stats()["pool_available"] == 1


def test_an_autocommit_statement_joins_an_open_transaction(database, numbers):
    with transaction.atomic():
        database.fetch_autocommit("INSERT INTO numbers VALUES (%s) RETURNING number", [1])
        transaction.set_rollback(True)

    assert run("SELECT number FROM numbers") == []


def test_an_autocommit_statement_that_never_ran_runs_again(database, onlooker, numbers):
    ((pid,),) = database.fetch_autocommit("SELECT pg_backend_pid()", [])
    onlooker.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    database.fetch_autocommit("INSERT INTO numbers VALUES (%s) RETURNING number", [1])

    assert run("SELECT number FROM numbers") == [(1,)]


@pytest.fixture
def _loses_a_statement(monkeypatch):
    """The first statement's connection breaks before its answer."""
    fetch, fetched = BoundedConnection.fetch, []

    def lose_once(connection, *arguments, **options):
        fetched.append(arguments)
        if len(fetched) == 1:
            connection.close()
            raise InDoubtError("lost")
        return fetch(connection, *arguments, **options)

    monkeypatch.setattr(BoundedConnection, "fetch", lose_once)


@pytest.mark.usefixtures("_loses_a_statement")
def test_a_lost_autocommit_read_runs_again(database):
    assert database.fetch_autocommit("SELECT 1", []) == [(1,)]


@pytest.mark.usefixtures("_loses_a_statement")
def test_a_lost_autocommit_write_does_not_run_again(database, numbers):
    with pytest.raises(OperationalError):
        database.fetch_autocommit("INSERT INTO numbers VALUES (1) RETURNING number", [])

    assert run("SELECT number FROM numbers") == []


def test_errors_of_an_autocommit_statement_are_those_of_django(database):
    with pytest.raises(ProgrammingError):
        database.fetch_autocommit("SELECT nothing FROM nowhere", [])

    assert database.fetch_autocommit("SELECT 1", []) == [(1,)]


# --- Statements that must use an index ----------------------------------------------------------

SEQ_SCANS = "SELECT current_setting('enable_seqscan'), %s::int"


def test_an_autocommit_statement_can_avoid_to_read_whole_tables(database):
    assert database.fetch_autocommit(SEQ_SCANS, [1], avoid_seq_scan=True) == [("off", 1)]

    assert database.fetch_autocommit(SEQ_SCANS, [1]) == [("on", 1)]


def test_an_error_leaves_whole_tables_to_be_read_again(database):
    with pytest.raises(ProgrammingError):
        database.fetch_autocommit("SELECT nothing FROM nowhere", [], avoid_seq_scan=True)

    assert database.fetch_autocommit(SEQ_SCANS, [1]) == [("on", 1)]


def test_a_statement_that_avoids_whole_tables_and_never_ran_runs_again(database, onlooker):
    ((pid,),) = database.fetch_autocommit("SELECT pg_backend_pid()", [])
    onlooker.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    assert database.fetch_autocommit(SEQ_SCANS, [1], avoid_seq_scan=True) == [("off", 1)]


def test_a_statement_that_avoids_whole_tables_ends_at_the_deadline(database, settings):
    settings.REQUEST_DEADLINE_SECONDS = 0.2

    def view(request):
        with pytest.raises(OperationalError):
            database.fetch_autocommit("SELECT pg_sleep(60)", [], avoid_seq_scan=True)
        return HttpResponse()

    DeadlineMiddleware(view)(RequestFactory().get("/"))

    assert database.fetch_autocommit(SEQ_SCANS, [1]) == [("on", 1)]

"""Errors that belong to no endpoint."""

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPMethod

import pytest
from django.db import OperationalError, connection
from django.test import Client
from psycopg import OperationalError as PsycopgError

from tests.problems import assert_problem


@contextmanager
def instead_of_inserts(work: Callable[[], object]) -> Iterator[None]:
    """Call `work` in the place of each statement that inserts."""

    def run(execute, sql, *arguments):
        return work() if "INSERT INTO" in sql else execute(sql, *arguments)

    with connection.execute_wrapper(run):
        yield


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/chat/sessions/", "/%00"])
def test_an_unknown_path_is_a_problem(path):
    assert_problem(Client().get(path), 404, "not_found")


def test_an_unknown_path_in_the_admin_is_a_page(admin_client):
    response = admin_client.get("/admin/nothing/")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert "There is no such page" in response.content.decode()
    assert response["X-Request-ID"] in response.content.decode()


def test_a_denied_admin_page_says_so(client, user):
    user.is_staff = True
    user.save()
    client.force_login(user)

    response = client.get("/admin/chat/chatsession/")

    assert response.status_code == 403
    assert "You do not have the right" in response.content.decode()


def test_an_error_in_the_admin_is_a_page_that_needs_no_database(admin_client, monkeypatch):
    def fail(*_: object) -> None:
        raise OperationalError("the database is down")

    monkeypatch.setattr(
        "django.contrib.sessions.middleware.SessionMiddleware.process_request", fail
    )
    admin_client.raise_request_exception = False

    response = admin_client.get("/admin/")

    assert response.status_code in {500, 503}
    assert response["Content-Type"].startswith("text/html")
    assert "Something went wrong" in response.content.decode()


def test_a_form_without_a_token_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a"})

    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


def test_a_foreign_host_is_rejected(settings):
    settings.ALLOWED_HOSTS = ["api.example.com"]

    response = Client().get("/v1/chat/sessions", headers={"Host": "evil.example.com"})

    assert_problem(response, 400, "bad_request")


def test_a_server_error_reveals_nothing(api, caplog):
    def fail():
        raise RuntimeError("secret detail")

    api.raise_request_exception = False

    with caplog.at_level(logging.ERROR), instead_of_inserts(fail):
        response = api.post_json("/v1/chat/sessions", {})

    assert_problem(response, 500, "internal_error")
    assert b"secret" not in response.content
    assert "secret detail" in caplog.text


def test_an_unreachable_database_is_a_retryable_503(api, caplog):
    def fail():
        raise OperationalError("connection to server at 10.0.0.1 failed") from PsycopgError()

    with instead_of_inserts(fail):
        response = api.post_json("/v1/chat/sessions", {})

    assert_problem(response, 503, "database_unavailable")
    assert int(response["Retry-After"]) > 0
    assert b"10.0.0.1" not in response.content
    assert "10.0.0.1" in caplog.text


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1/0",
        "SELECT 'x'::int",
        "SELECT 'a'::varchar(1) || chr(0)",
        "SELECT '&'::tsquery",
        "SELECT websearch_to_tsquery(repeat('-', 40))",
        "SELECT to_tsvector(string_agg(md5(i::text), ' ')) FROM generate_series(1, 60000) AS i",
        "SELECT '999999-01-01'::timestamp",
    ],
)
def test_a_value_that_postgresql_rejects_is_a_client_error(api, caplog, statement):
    with instead_of_inserts(lambda: connection.cursor().execute(statement)):
        response = api.post_json("/v1/chat/sessions", {})

    assert_problem(response, 400, "invalid_value")
    assert "PostgreSQL rejected a value" in caplog.text


def test_a_wrong_statement_is_a_server_error(api):
    wrong = "SELECT nothing FROM nowhere"
    api.raise_request_exception = False

    with instead_of_inserts(lambda: connection.cursor().execute(wrong)):
        response = api.post_json("/v1/chat/sessions", {})

    assert_problem(response, 500, "internal_error")


def test_a_value_that_postgresql_rejects_is_a_bad_request_in_the_admin(admin_client):
    response = admin_client.get("/admin/search/", {"s": "a\x00@example.com"})

    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/html")


def test_a_failed_log_in_to_the_admin_is_a_page_not_json(db):
    response = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a"})

    assert response.status_code == 403
    assert response["Content-Type"].startswith("text/html")


PATHS = [
    "/nothing",
    "/docs",
    "/healthz",
    "/metrics",
    "/v1/schema",
    "/v1/plans",
    "/v1/auth",
    "/v1/chat/sessions",
    "/v1/chat/share/nothing",
    "/v1/user/api-keys/1",
    "/static/nothing.css",
    "/static/admin/css/base.css",
]
HEADERS = [
    {},
    {"If-Match": '"nothing"'},
    {"If-None-Match": "*"},
    {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"},
    {"Range": "bytes=999999999-"},
    {"Host": "evil.example.com"},
    {"Content-Length": "99", "Content-Type": "text/plain"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_every_error_is_a_problem_whichever_layer_responds(db, settings, headers):
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(enforce_csrf_checks=True)

    answers = [
        (method, path, client.generic(method, path, headers=headers))
        for method, path in itertools.product([*HTTPMethod, "FOO"], PATHS)
    ]

    for _, _, response in answers:
        response.close()  # a file, if it is not an error
    errors = [answer for answer in answers if answer[2].status_code >= 400]
    assert len(errors) > len(PATHS)
    assert not [
        (method, path, response.status_code)
        for method, path, response in errors
        if response["Content-Type"] != "application/problem+json"
        or (method != "HEAD" and response.json()["status"] != response.status_code)
    ]


@pytest.mark.parametrize("path", ["/v1/schema", "/static/admin/css/base.css"])
def test_a_method_that_is_not_allowed_is_a_problem_that_says_which_are(path):
    response = Client().delete(path)

    assert_problem(response, 405, "method_not_allowed")
    assert "GET" in response["Allow"]

"""The fields of log lines in JSON, and what is never logged."""

import json
import logging
import os
import subprocess
import sys

import pytest
from django.db import connection
from django.test import Client

from gatewayz.request.context import RequestIdFilter
from gatewayz.telemetry.json_logs import JSONFormatter
from tests.gatewayz.processes import CHECKOUT


class Lines(logging.Handler):
    """Collects what is logged, as JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JSONFormatter())
        self.addFilter(RequestIdFilter())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def of(self, logger: str) -> list[dict]:
        return [line for text in self.texts if (line := json.loads(text))["logger"] == logger]


@pytest.fixture
def lines(settings):
    settings.ACCESS_LOG = True
    lines = Lines()
    logging.getLogger().addHandler(lines)
    yield lines
    logging.getLogger().removeHandler(lines)


def test_a_line_names_request_and_user(lines, api, user):
    api.post_json("/v1/chat/sessions", {}, headers={"X-Request-ID": "mine"})

    (line,) = lines.of("chat.sessions.write")
    assert line["message"].startswith("Created chat session")
    assert (line["level"], line["request_id"], line["user_id"]) == ("INFO", "mine", user.pk)
    assert line["time"].endswith("Z")


def test_every_request_is_one_line_with_route_status_and_time(lines, api):
    api.get("/v1/chat/sessions/17?privy_user_id=secret")

    (line,) = lines.of("gatewayz.access")
    assert line.pop("duration_ms") > 0
    assert line["message"].startswith("GET /v1/chat/sessions/<int:session_id> 404 ")
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"] == "/v1/chat/sessions/<int:session_id>"


def test_the_user_of_one_request_is_not_in_the_next(lines, api):
    api.get("/v1/chat/sessions")
    Client().get("/healthz")

    first, second = lines.of("gatewayz.access")
    assert "user_id" in first
    assert "user_id" not in second


def test_neither_keys_nor_links_are_logged(lines, api, api_key):
    api.get("/v1/chat/share/a-secret-token")
    Client().get("/v1/chat/sessions", headers={"Authorization": "Bearer gw_live_made-up"})
    Client().get("/v1/nowhere/a-secret-token")

    text = "\n".join(lines.texts)
    assert len(lines.of("gatewayz.access")) == 3
    assert api_key not in text
    assert "made-up" not in text
    assert "a-secret-token" not in text


def test_no_link_is_logged_when_its_request_fails(lines, db):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shared_chats RENAME TO renamed")

    response = Client(raise_request_exception=False).get("/v1/chat/share/a-secret-token")

    assert response.status_code == 500
    (line,) = lines.of("django.request")
    assert line["message"] == "Internal Server Error: /v1/chat/share/<slug:token>"
    assert "a-secret-token" not in "\n".join(lines.texts)


def test_an_exception_is_logged_in_one_line_with_its_stack(lines):
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        logging.getLogger("here").exception("Failed", extra={"attempt": 2})

    (line,) = lines.of("here")
    assert line["message"] == "Failed"
    assert line["attempt"] == 2
    assert line["exception"].endswith("ValueError: first\nsecond")
    assert all("\n" not in text for text in lines.texts)


@pytest.mark.parametrize(("given", "is_json"), [("json", True), ("line", False)])
def test_the_format_is_a_setting(given, is_json):
    code = "import django, logging; django.setup(); logging.getLogger('here').warning('hello')"

    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "gatewayz.settings", "LOG_FORMAT": given},
        capture_output=True,
        text=True,
    )

    (line,) = result.stderr.splitlines()
    if is_json:
        assert json.loads(line)["message"] == "hello"
    else:
        assert line.endswith("WARNING here [-] hello")

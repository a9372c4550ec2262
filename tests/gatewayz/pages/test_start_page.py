"""GET /: what this is and where to go, without asking anything; and the icon beside it."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from gatewayz import __version__


def page():
    return Client().get("/")


def test_it_says_what_the_service_is_and_is_not():
    answer = page()

    assert answer.status_code == 200
    assert "stores and serves the chat history" in answer.content.decode()
    assert "calls no model" in answer.content.decode()


@pytest.mark.django_db
def test_its_links_work():
    links = re.findall(r'<a href="([^"]*)"', page().content.decode())

    assert set(links) == {"/docs", "/keys", "/admin/", "/v1/schema", "/readyz"}
    assert {Client().get(link, follow=True).status_code for link in links} == {200}


def test_it_needs_neither_database_nor_redis(monkeypatch):
    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(
            "redis.connection.AbstractConnection.send_packed_command",
            lambda *command, **_: asked.append(command),
        )
        # Without the `db` fixture, any statement would fail.
        assert page().status_code == 200
    assert asked == []


def test_its_policy_allows_its_style_and_icon_and_nothing_else():
    answer = page()
    policy = answer["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")
    assert "<script" not in answer.content.decode()
    assert "style=" not in answer.content.decode()


def test_all_its_files_exist():
    files = re.findall(r'"/static/([^"]*)"', page().content.decode())

    assert len(files) == 4
    assert [file for file in files if finders.find(file) is None] == []


def test_it_says_which_version_runs():
    assert f"Version {__version__}<" in page().content.decode()


def test_its_command_uses_the_host_of_the_request():
    text = Client().get("/", headers={"Host": "chat.example.com"}).content.decode()

    assert "curl http://chat.example.com/v1/chat/sessions" in text


def test_a_foreign_host_is_rejected(settings):
    settings.ALLOWED_HOSTS = ["chat.example.com"]

    assert Client().get("/", headers={"Host": "evil.example"}).status_code == 400


def test_browsers_find_the_icon_at_its_usual_path():
    icon = Client().get("/favicon.ico")

    assert icon.status_code == 200
    assert icon["Content-Type"] == "image/vnd.microsoft.icon"
    assert icon["Cache-Control"].startswith("public")
    assert icon.content.startswith(b"\0\0\1\0")

"""The page at /auth/link: its headers, and what it rejects."""

import pytest
from django.test import Client

from accounts.auth.pages import MAX_FORM_BYTES
from accounts.confirmation.links import PasswordLink, seal, state_of
from accounts.models import User
from tests.accounts.auth.conftest import use

PATH = "/auth/link"
PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.django_db


def link_to(email):
    return f"{PATH}?token={seal(PasswordLink(email, state_of(None)))}"


@pytest.mark.parametrize("link", [link_to("a@example.com"), f"{PATH}?token=none"])
def test_browsers_neither_store_nor_forward_the_link(link):
    page = Client().get(link)

    assert page["Content-Type"] == "text/html; charset=utf-8"
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert not page.cookies


def test_it_has_no_inline_script_or_style():
    page = Client().get(link_to("a@example.com")).content

    assert b"<script" not in page
    assert b"<style" not in page
    assert b"style=" not in page


def test_an_address_is_shown_as_text():
    page = Client().get(link_to("a&amp;'b@example.com")).content

    assert b"a&amp;amp;&#x27;b@example.com" in page


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"token=" + b"x" * MAX_FORM_BYTES, "application/x-www-form-urlencoded"),
        (b"a=1&" * 10_000, "application/x-www-form-urlencoded"),
        (b"token=\xff", "application/x-www-form-urlencoded"),
        (b'{"token": "x"}', "application/json"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_of_another_type_does_nothing(body, media_type):
    page = Client().generic("POST", PATH, body, content_type=media_type)

    assert page.status_code == 400
    assert b"does not work" in page.content


def test_submissions_from_one_network_are_limited():
    statuses = [use(link_to("a@example.com"), new_password="weak").status_code for _ in range(31)]

    assert statuses == [400] * 30 + [429]
    assert not User.objects.exists()


def test_a_link_is_not_logged(caplog):
    token = seal(PasswordLink("a@example.com", state_of(None)))

    use(f"{PATH}?token={token}", new_password=PASSWORD)
    Client().get(f"{PATH}?token={token}")

    assert token not in caplog.text
    assert "a@example.com" not in caplog.text

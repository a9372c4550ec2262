"""Guessing passwords at the log-in of the admin."""

from ipaddress import ip_network

import pytest
from django.test import Client

from accounts.auth.throttling import SIGN_INS_PER_ACCOUNT, SIGN_INS_PER_ADDRESS
from accounts.models import User

PATH = "/admin/login/"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def operator(db):
    return User.objects.create_superuser("root@example.com", PASSWORD)


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings, fast_passwords):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]


@pytest.fixture
def fast_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def log_in(password, *, email="root@example.com", address="192.0.2.1"):
    """Log in. Returns whether that succeeded, and the page."""
    answer = Client().post(
        PATH, {"username": email, "password": password}, headers={"X-Forwarded-For": address}
    )
    return answer.status_code == 302, answer.content.decode()


def test_attempts_on_one_account_are_limited_over_all_addresses(operator):
    for n in range(SIGN_INS_PER_ACCOUNT):
        assert not log_in("wrong", address=f"192.0.2.{n}")[0]

    is_in, page = log_in(PASSWORD, address="198.51.100.1")

    assert not is_in
    assert "Too many attempts" in page


def test_attempts_from_one_address_are_limited_over_all_accounts(operator):
    for n in range(SIGN_INS_PER_ADDRESS):
        log_in("wrong", email=f"user-{n}@example.com")

    assert not log_in(PASSWORD)[0]
    assert log_in(PASSWORD, address="198.51.100.1")[0]


def test_attempts_through_the_api_count_too(operator):
    for _ in range(SIGN_INS_PER_ACCOUNT):
        Client().post(
            "/v1/auth",
            {"email": "ROOT@example.com", "password": "wrong"},
            content_type="application/json",
        )

    assert "Too many attempts" in log_in(PASSWORD)[1]


def test_the_right_password_logs_in(operator):
    assert log_in("wrong")[0] is False
    assert log_in(PASSWORD)[0] is True

"""Deployment checks of e-mail and of signing up."""

import pytest
from django.core.checks import run_checks

IDS = {"accounts.W001", "accounts.W002", "accounts.W003"}


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    settings.ALLOWED_HOSTS = ["chat.example.com"]
    settings.PUBLIC_URL = "https://chat.example.com"
    settings.SIGN_UP_CONFIRMS_EMAIL = True


def warnings():
    return [found.id for found in run_checks(include_deployment_checks=True) if found.id in IDS]


def test_a_sound_deployment_gets_no_warning():
    assert warnings() == []


def test_warns_without_a_mail_server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    assert warnings() == ["accounts.W001"]


def test_warns_when_sign_up_reveals_accounts(settings):
    settings.SIGN_UP_CONFIRMS_EMAIL = False
    assert warnings() == ["accounts.W002"]

    settings.EMAIL_SIGN_UP = False
    assert warnings() == []


def test_warns_when_links_lead_elsewhere(settings):
    settings.PUBLIC_URL = "https://elsewhere.example.com"

    assert warnings() == ["accounts.W003"]

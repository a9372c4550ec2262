"""Production does not start with settings that are only good for development."""

import os
import runpy
import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.gatewayz.processes import CHECKOUT

SETTINGS = CHECKOUT / "gatewayz" / "settings.py"
STRONG = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Of another curve than the P-256 of ES256, and one that is right, as Privy's dashboard shows it.
ED25519 = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----"
)
P256 = (
    r"-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEX/K3n9fGyciiPPyaD8mcGfLBH4"
    r"EA7eQ0jBbwH4Dkcuz/evlGGZaCskG3ZOPXjnMNTUcixz2NzvZaPy8OCOi0rg==\n"
    r"-----END PUBLIC KEY-----"
)
PRODUCTION = {
    "GATEWAYZ_ENV": "production",
    "SECRET_KEY": STRONG,
    "KEY_PEPPERS": STRONG[::-1],
    "ALLOWED_HOSTS": "api.example.com",
    "DATABASE_URL": "postgresql://gatewayz@db.example.com/gatewayz",
    "REDIS_URL": "redis://redis.example.com/0",
}


def read_settings(**environ):
    """The settings with only these variables. Raises ImproperlyConfigured."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        return SimpleNamespace(**runpy.run_path(SETTINGS))


def test_production_starts_with_all_settings():
    assert read_settings(**PRODUCTION).PRODUCTION


def test_production_sends_links_that_lead_to_itself():
    production, development = read_settings(**PRODUCTION), read_settings()

    assert production.SIGN_UP_CONFIRMS_EMAIL
    assert production.PUBLIC_URL == "https://api.example.com"
    assert not development.SIGN_UP_CONFIRMS_EMAIL


def test_accepts_the_privy_key_in_one_line():
    read_settings(**PRODUCTION, PRIVY_APP_ID="app", PRIVY_VERIFICATION_KEY=P256)


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "GATEWAYZ_ENV"])
def test_production_does_not_start_without(name):
    with pytest.raises(ImproperlyConfigured, match=name):
        read_settings(**{k: v for k, v in PRODUCTION.items() if k != name})


@pytest.mark.parametrize(
    "change",
    [
        {"SECRET_KEY": "short"},
        {"SECRET_KEY": "x" * 60},
        {"KEY_PEPPERS": f"{STRONG},short"},
        {"DEBUG": "true"},
        {"GATEWAYZ_ENV": "prod"},
        {"PRIVY_APP_ID": "app"},
        {"PRIVY_APP_ID": "app", "PRIVY_VERIFICATION_KEY": "no key"},
        {"PRIVY_APP_ID": "app", "PRIVY_VERIFICATION_KEY": ED25519},
        {"LOG_FORMAT": "xml"},
        {"DATABASE_POOLER": "session"},
        {"REDIS_URL": "redis+sentinel://sentinel.example"},
        {"WEBHOOKS_TO_PRIVATE_NETWORKS": "on"},
        {"ALLOWED_HOSTS": "api.example.com,*"},
        {"KEY_PEPPERS": STRONG},
        {"METRICS_TOKEN": "short"},
        {"TRUSTED_PROXIES": "0.0.0.0/0"},
        {"CORS_ALLOWED_ORIGINS": "*"},
        {"CORS_ALLOWED_ORIGINS": "http://app.example.com"},
        {"CORS_ALLOWED_ORIGINS": "https://app.example.com/"},
        {"PUBLIC_URL": "http://chat.example.com"},
        {"PUBLIC_URL": "chat.example.com"},
    ],
    ids=str,
)
def test_production_rejects_weak_values(change):
    with pytest.raises(ImproperlyConfigured):
        read_settings(**PRODUCTION | change)


def test_the_error_about_a_secret_does_not_repeat_it():
    result = subprocess.run(
        [sys.executable, "-c", "import gatewayz.settings"],
        env={"PATH": os.environ["PATH"], **PRODUCTION, "SECRET_KEY": "tooshort"},
        capture_output=True,
        text=True,
    )

    assert result.returncode != 0
    assert "ImproperlyConfigured" in result.stderr.splitlines()[-1]
    assert "tooshort" not in result.stderr


def test_development_keeps_its_generated_secrets(tmp_path):
    def secret_key():
        return subprocess.run(
            [
                sys.executable,
                "-c",
                "from gatewayz import settings as s; print(s.SECRET_KEY, s.KEY_PEPPERS)",
            ],
            env={"PATH": os.environ["PATH"], "GATEWAYZ_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert secret_key() == secret_key()
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "filebased None False False"),
        (PRODUCTION, "dummy None False False"),
        ({"EMAIL_URL": "smtp+tls://u:p%40ss@mail.example:587"}, "smtp p@ss True False"),
        ({"EMAIL_URL": "smtp+ssl://u:p%40ss@mail.example:465"}, "smtp p@ss False True"),
    ],
    ids=["development", "production", "STARTTLS", "TLS"],
)
def test_one_variable_configures_the_mail_server(environ, expected, tmp_path):
    found = read_settings(GATEWAYZ_DATA_DIR=str(tmp_path), **environ)

    backend = found.EMAIL_BACKEND.split(".")[-2]
    read = f"{backend} {found.EMAIL_HOST_PASSWORD} {found.EMAIL_USE_TLS} {found.EMAIL_USE_SSL}"
    assert read == expected

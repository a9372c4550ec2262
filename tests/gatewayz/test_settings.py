"""Production refuses to start on settings that are only good for development."""

import os
import subprocess
import sys

import pytest

STRONG = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PRODUCTION = {
    "GATEWAYZ_ENV": "production",
    "SECRET_KEY": STRONG,
    "KEY_PEPPERS": STRONG[::-1],
    "ALLOWED_HOSTS": "api.example.com",
    "DATABASE_URL": "postgresql://gatewayz@db.example.com/gatewayz",
    "REDIS_URL": "redis://redis.example.com/0",
}


def read_settings(**environ):
    """Import the settings in a process of its own, with only these variables."""
    return subprocess.run(
        [sys.executable, "-c", "import gatewayz.settings"],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_when_all_is_given():
    result = read_settings(**PRODUCTION)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "GATEWAYZ_ENV"])
def test_production_refuses_to_start_without(name):
    result = read_settings(**{k: v for k, v in PRODUCTION.items() if k != name})

    assert result.returncode != 0
    assert name in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "change",
    [
        {"SECRET_KEY": "short"},
        {"SECRET_KEY": "x" * 60},
        {"KEY_PEPPERS": f"{STRONG},short"},
        {"DEBUG": "true"},
        {"GATEWAYZ_ENV": "prod"},
        {"LOG_FORMAT": "xml"},
    ],
    ids=str,
)
def test_production_refuses_what_is_weak(change):
    result = read_settings(**PRODUCTION | change)

    assert result.returncode != 0
    assert "ImproperlyConfigured" in result.stderr.splitlines()[-1]


def test_a_refusal_does_not_repeat_the_secret():
    assert "tooshort" not in read_settings(**PRODUCTION | {"SECRET_KEY": "tooshort"}).stderr


def test_development_keeps_the_secrets_that_it_made_up(tmp_path):
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

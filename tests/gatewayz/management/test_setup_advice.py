"""Commands of manage.py, where the service is not set up yet: one line says what to do."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError, connection
from django.db.utils import DataError
from redis.exceptions import ConnectionError as NoRedis

from gatewayz.management.setup_advice import advice
from tests.gatewayz.development.test_run import free_port
from tests.gatewayz.processes import CHECKOUT, only_line, private_environ


@pytest.fixture
def nowhere():
    """The environment of somebody whose service does not run."""
    with private_environ() as environ:
        yield environ | {"DATABASE_URL": f"postgresql://postgres@127.0.0.1:{free_port()}/gatewayz"}


def manage(environ, *arguments, program=sys.executable):
    return subprocess.run(
        [program, "manage.py", *arguments],
        cwd=CHECKOUT,
        env=environ,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "command", [["create_api_key", "ada@example.com"], ["migrate"], ["dbshell"]]
)
def test_without_a_database_one_line_says_how_to_start_one(nowhere, command):
    result = manage(nowhere, *command)

    line = only_line(result.stderr)
    assert result.returncode == 1
    assert line.startswith("manage.py: the database does not answer (")
    # It leads to the servers of that folder.
    folder = nowhere["GATEWAYZ_DATA_DIR"]
    assert f"start `GATEWAYZ_DATA_DIR={folder} make run` in another terminal" in line


def test_the_traceback_is_shown_on_request(nowhere):
    result = manage(nowhere, "create_api_key", "ada@example.com", "--traceback")

    assert result.stderr.startswith("Traceback")


def test_an_installation_without_secrets_says_which_is_missing(nowhere):
    result = manage(nowhere | {"GATEWAYZ_ENV": "production"}, "migrate")

    assert only_line(result.stderr).startswith("manage.py: SECRET_KEY must be")


def test_a_python_without_the_packages_is_told_which_one_has_them(nowhere, tmp_path):
    (tmp_path / "django").mkdir()
    (tmp_path / "django" / "__init__.py").write_text("raise ModuleNotFoundError(name='django')")

    result = manage(nowhere | {"PYTHONPATH": str(tmp_path)}, "migrate")

    assert "there is no django here: run `make run`" in only_line(result.stderr)


def test_a_database_without_tables_leads_to_migrate(db):
    with connection.cursor() as cursor, pytest.raises(ProgrammingError) as caught:
        cursor.execute("SELECT FROM not_yet")

    assert "run `manage.py migrate`" in advice(caught.value)


def test_a_redis_that_does_not_answer_is_named():
    assert "or set REDIS_URL" in advice(NoRedis("Error 111 connecting"))


def test_in_production_the_advice_is_not_to_start_a_development_service(monkeypatch):
    monkeypatch.setitem(os.environ, "GATEWAYZ_ENV", "production")

    assert advice(NoRedis("refused")) == "Redis does not answer (refused): see REDIS_URL"


def test_a_wrong_setting_is_explained_by_its_own_error():
    assert advice(ImproperlyConfigured("DEBUG must be off")) == "DEBUG must be off"


@pytest.mark.parametrize("statement", ["SELECT 1 / 0", "SELECT nothing_there"])
def test_a_programming_error_keeps_its_traceback(db, statement):
    with connection.cursor() as cursor, pytest.raises((DataError, ProgrammingError)) as caught:
        cursor.execute(statement)

    assert advice(caught.value) is None


def test_a_lock_time_out_keeps_its_traceback(db):
    with connection.cursor() as cursor, pytest.raises(OperationalError) as caught:
        cursor.execute("SET LOCAL statement_timeout = 1")
        cursor.execute("SELECT pg_sleep(10)")

    assert advice(caught.value) is None

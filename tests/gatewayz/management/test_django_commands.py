"""Django's own commands, as people who know Django expect them."""

import json
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from accounts.models import Plan
from tests.gatewayz.processes import CHECKOUT
from tests.web import database_environ


def manage(*arguments, **options):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        **options,
    )


def test_dbshell_reaches_the_database_by_its_socket(transactional_db):
    result = manage("dbshell", "--", "-Atc", "SELECT current_database()", env=database_environ())

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip() == connection.settings_dict["NAME"]


def test_dbshell_finds_a_psql_without_one_on_path(transactional_db, tmp_path):
    environ = database_environ() | {"PATH": str(tmp_path)}

    result = manage("dbshell", "--", "-Atc", "SELECT 1", env=environ)

    assert result.stdout.strip() == "1", result.stderr


@pytest.mark.parametrize("arguments", [[], ["accounts"], ["--parallel", "4", "--keepdb"]])
def test_test_fails_and_says_how_to_run_the_tests(arguments):
    result = manage("test", *arguments)

    assert result.returncode == 1
    assert "`make test`" in result.stderr


@pytest.mark.parametrize(
    "labels", [[], ["accounts"], ["accounts.auditentry"], ["chat", "accounts"]]
)
def test_dumpdata_rejects_what_could_not_be_loaded_again(db, labels):
    with pytest.raises(CommandError, match=r"manage\.py backup FILE"):
        call_command("dumpdata", *labels)


def test_rows_of_a_model_can_be_dumped_and_loaded(db, tmp_path):
    fixture = tmp_path / "plans.json"
    call_command("dumpdata", "accounts.plan", output=str(fixture))
    plan = Plan.objects.earliest("id")
    Plan.objects.filter(pk=plan.pk).update(name="Changed")

    call_command("loaddata", str(fixture), stdout=StringIO())

    plan.refresh_from_db()
    assert plan.name != "Changed"
    assert len(json.loads(fixture.read_text())) == Plan.objects.count()


def test_tools_get_the_host_and_port_of_postgresql():
    assert connection.vendor == "postgresql"
    assert connection.settings_dict["HOST"]
    assert connection.settings_dict["PORT"]

"""What `manage.py distribute` prepares, on one PostgreSQL without Citus."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chat.distribution import layout
from gatewayz.database.distribution import is_distributed, is_done, steps_of

pytestmark = pytest.mark.django_db


def test_without_citus_it_says_so():
    with pytest.raises(CommandError, match="has no Citus"):
        call_command("distribute", stdout=StringIO())


def test_a_database_without_citus_is_not_distributed():
    assert not is_distributed()


def test_each_preparation_can_be_made_and_undone():
    prepared = [step for step in steps_of(layout()) if "pg_dist" not in step.is_done]
    to_make = [step for step in prepared if "with the owner" not in step.title]

    with connection.cursor() as cursor:
        for step in to_make:
            assert not is_done(step), step.title
            cursor.execute(step.do)
            assert is_done(step), step.title
        for step in reversed(to_make):
            cursor.execute(step.undo)
            assert not is_done(step), step.title

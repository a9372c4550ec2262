"""manage.py check_indexes."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from gatewayz.database.indexes import DOCUMENTED_INDEXES

pytestmark = pytest.mark.django_db


def test_all_fifteen_are_there_after_migrate(capsys):
    call_command("check_indexes")

    output = capsys.readouterr().out
    names = [name for names in DOCUMENTED_INDEXES.values() for name in names]
    assert len(names) == 15
    for name in names:
        assert [name, "ok"] == next(
            line.split()[1:3] for line in output.splitlines() if f" {name} " in line
        )


def test_a_missing_one_fails(capsys):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX idx_chat_sessions_active")

    with pytest.raises(
        CommandError, match="1 of 15 indexes missing or invalid: idx_chat_sessions_active"
    ):
        call_command("check_indexes")

    assert "missing" in capsys.readouterr().out


def test_an_invalid_one_fails(capsys):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false "
            "WHERE indexrelid = 'idx_chat_messages_session_id'::regclass"
        )

    with pytest.raises(CommandError, match="idx_chat_messages_session_id"):
        call_command("check_indexes")

    assert "invalid" in capsys.readouterr().out

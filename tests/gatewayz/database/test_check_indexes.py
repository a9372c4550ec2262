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


@pytest.mark.django_db(transaction=True)
def test_dropped_ones_are_built_again(capsys):
    names = [name for names in DOCUMENTED_INDEXES.values() for name in names]
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP INDEX IF EXISTS {name}")

    call_command("check_indexes", "--repair")

    output = capsys.readouterr().out
    assert [f"Built {name}" for name in names] == output.splitlines()[: len(names)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE indexdef LIKE 'CREATE UNIQUE%%' "
            "AND indexname = ANY(%s)",
            [names],
        )
        unique = {name for (name,) in cursor.fetchall()}
    assert {"idx_api_keys_new_api_key", "idx_users_api_key", "idx_users_privy_id"} <= unique
    assert {"idx_users_username", "idx_users_email", "idx_api_keys_new_primary"} <= unique


@pytest.mark.django_db(transaction=True)
def test_migrate_builds_a_dropped_one_again():
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX idx_api_keys_new_api_key")

    call_command("migrate", verbosity=0)

    call_command("check_indexes")

"""manage.py check_indexes."""

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import CheckConstraint

from gatewayz.database.indexes import DOCUMENTED_INDEXES

pytestmark = pytest.mark.django_db


def test_all_fifteen_indexes_exist_after_migrate(capsys):
    call_command("check_indexes")

    output = capsys.readouterr().out
    names = [name for names in DOCUMENTED_INDEXES.values() for name in names]
    assert len(names) == 15
    for name in names:
        assert [name, "ok"] == next(
            line.split()[1:3] for line in output.splitlines() if f" {name} " in line
        )


def test_a_missing_index_fails_the_check(capsys):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX idx_chat_sessions_active")

    with pytest.raises(
        CommandError, match=r"1 of [0-9]+ indexes missing or invalid: idx_chat_sessions_active"
    ):
        call_command("check_indexes")

    assert "missing" in capsys.readouterr().out


def test_an_invalid_index_fails_the_check(capsys):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false "
            "WHERE indexrelid = 'idx_chat_messages_session_id'::regclass"
        )

    with pytest.raises(CommandError, match="idx_chat_messages_session_id"):
        call_command("check_indexes")

    assert "invalid" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_repair_rebuilds_dropped_indexes(capsys):
    declared = {
        index.name: (model._meta.db_table, index)
        for model in apps.get_models()
        for index in [*model._meta.indexes, *model._meta.constraints]
        if not isinstance(index, CheckConstraint)
    }
    documented = [name for names in DOCUMENTED_INDEXES.values() for name in names]
    names = sorted(declared, key=lambda name: name not in documented)
    definitions = "SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(definitions, [names])
        before = dict(cursor.fetchall())
        cursor.execute("SELECT conname, conrelid::regclass::text FROM pg_constraint")
        constraints = dict(cursor.fetchall())
        for name in names:
            if name in constraints:
                cursor.execute(f"ALTER TABLE {constraints[name]} DROP CONSTRAINT {name}")
            cursor.execute(f"DROP INDEX IF EXISTS {name}")

    call_command("check_indexes", "--repair")

    output = capsys.readouterr().out
    built = output.splitlines()[: len(names)]
    assert {f"Built {name}" for name in names} == set(built)
    assert {f"Built {name}" for name in documented} == set(built[: len(documented)])
    with connection.cursor() as cursor:
        cursor.execute(definitions, [names])
        assert dict(cursor.fetchall()) == before
        cursor.execute("SELECT conname FROM pg_constraint")
        assert constraints.keys() <= {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_an_invalid_index_of_no_model_is_reported_and_rebuilt(capsys):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'chat_search_documents_pkey'::regclass"
        )

    with pytest.raises(CommandError, match=r"1 of [0-9]+ .*: chat_search_documents_pkey"):
        call_command("check_indexes")
    call_command("check_indexes", "--repair")

    assert "Built chat_search_documents_pkey" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_migrate_rebuilds_a_dropped_index():
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX idx_api_keys_new_api_key")

    call_command("migrate", verbosity=0)

    call_command("check_indexes")

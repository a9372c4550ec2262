"""manage.py backup and restore, with PostgreSQL's own programs, into a database that is new."""

import os
import stat
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from io import StringIO
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from accounts.activity import partitions
from accounts.activity.events import new_event_id
from accounts.audit.verification import verify
from accounts.keys import create_key
from accounts.models import ActivityEvent
from chat.models import ChatMessage, ChatSession
from gatewayz.database import backup as backups
from tests.gatewayz.processes import CHECKOUT
from tests.web import database_environ, web_process

NEW = f"gatewayz_restored_{os.getpid()}"


def manage(*arguments, url=None):
    environ = database_environ() | ({"DATABASE_URL": url} if url else {})
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=CHECKOUT,
        env=environ,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def new_url():
    """The address of a database that is not there yet, and is gone afterwards."""
    given = urlsplit(os.environ["DATABASE_URL"])
    yield urlunsplit(given._replace(path=f"/{NEW}"))
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NEW} WITH (FORCE)")


@pytest.fixture
def chat(transactional_db, user, api_key):
    """A conversation, and entries in the audit log."""
    session = ChatSession.objects.create(user=user, title="Holidays")
    ChatMessage.objects.create(session=session, role="user", content="Where is it warm?")
    for number in range(5):
        create_key(user, key_name=f"key {number}")
    return session


@pytest.fixture
def restored(chat, new_url, tmp_path):
    file = tmp_path / "gatewayz.backup"
    written = manage("backup", file)
    assert written.returncode == 0, written.stderr
    result = manage("restore", file, url=new_url)
    assert result.returncode == 0, result.stderr
    return new_url


def ask(url, statement, *parameters):
    with psycopg.connect(url) as database:
        return database.execute(statement, parameters).fetchall()


@pytest.mark.long
def test_a_restored_database_accepts_old_keys_and_keeps_the_audit_log(
    restored, chat, api_key, api
):
    # The audit log continues where it was.
    assert manage("verify_audit", url=restored).stdout.strip() == str(verify(None))

    # Every index that a model declares, and every other one, is there and valid.
    declared = {
        index.name
        for model in apps.get_models()
        for index in [*model._meta.indexes, *model._meta.constraints]
        if index.name.startswith("idx_")
    }
    indexes = dict(
        ask(
            restored,
            "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE relnamespace = 'public'::regnamespace",
        )
    )
    assert all(indexes.values())
    assert declared <= indexes.keys()
    assert "ok" in manage("check_indexes", url=restored).stdout

    # Plans have statistics.
    assert ask(restored, "SELECT FROM pg_stats WHERE tablename = 'chat_messages'") != []

    # Nothing is left to migrate, and new rows get new ids.
    assert "No migrations to apply" in manage("migrate", url=restored).stdout
    with web_process(DATABASE_URL=restored, REDIS_KEY_PREFIX=NEW) as port:
        headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as client:
            client.request("GET", f"/v1/chat/sessions/{chat.pk}", headers=headers)
            answer = client.getresponse()
            assert answer.status == 200
            assert "Where is it warm?" in answer.read().decode()
            client.request("POST", "/v1/chat/sessions", "{}", headers)
            assert client.getresponse().status == 201
    assert ask(restored, "SELECT max(id) FROM chat_sessions") > [(chat.pk,)]


def test_a_database_with_tables_is_left_alone(chat, tmp_path):
    file = tmp_path / "gatewayz.backup"
    call_command("backup", file, stdout=StringIO())

    result = manage("restore", file)

    assert result.returncode == 1
    assert "already has tables: let DATABASE_URL name a new one" in result.stderr
    assert ChatSession.objects.filter(pk=chat.pk).exists()


def test_a_backup_is_private_and_names_the_secrets_it_lacks(chat, tmp_path):
    file = tmp_path / "gatewayz.backup"

    result = manage("backup", file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "also needs KEY_PEPPERS and SECRET_KEY" in result.stdout
    assert list(tmp_path.iterdir()) == [file]


def test_a_backup_overwrites_no_file(transactional_db, tmp_path):
    file = tmp_path / "gatewayz.backup"
    file.write_text("the last one")

    with pytest.raises(CommandError, match="exists: choose"):
        call_command("backup", file)

    assert file.read_text() == "the last one"


def test_a_failed_backup_leaves_no_file_and_says_why(transactional_db, tmp_path, monkeypatch):
    broken = tmp_path / "pg_dump"
    broken.write_text("#!/bin/sh\necho 'the disk is full' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(backups, "program", lambda *_: str(broken))
    folder = tmp_path / "backups"
    folder.mkdir()

    with pytest.raises(CommandError, match="pg_dump has failed: the disk is full"):
        call_command("backup", folder / "gatewayz.backup")

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_pooler_must_be_bypassed(transactional_db, tmp_path, settings, command, monkeypatch):
    settings.DATABASE_POOLER = "transaction"
    file = tmp_path / "gatewayz.backup"
    if command == "restore":
        file.touch()
        monkeypatch.setattr(backups, "HAS_TABLES", "SELECT false")

    with pytest.raises(CommandError, match="bypass the pooler"):
        call_command(command, file)


def test_a_foreign_file_is_not_restored(new_url, tmp_path, transactional_db):
    file = tmp_path / "gatewayz.backup"
    file.write_text("no backup")

    result = manage("restore", file, url=new_url)

    assert "pg_restore has failed" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_every_trigger_function_pins_its_search_path(chat):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND prorettype = 'trigger'::regtype"
            " AND NOT coalesce(array_to_string(proconfig, ' '), '') LIKE '%search_path=%'"
        )
        assert cursor.fetchall() == [], "pin their search_path, as chat/migrations/0016 does"


@pytest.mark.long
def test_rows_alone_can_be_restored(restored, tmp_path):
    dump = tmp_path / "rows.sql"
    program = backups.program
    pg_dump, psql = (
        program(name, connection.pg_version // 10_000) for name in ("pg_dump", "psql")
    )
    tables = ["--table=chat_sessions", "--table=chat_messages"]
    subprocess.run(
        [pg_dump, "--data-only", *tables, f"--file={dump}", f"--dbname={restored}"], check=True
    )
    with psycopg.connect(restored) as database:
        database.execute("DELETE FROM chat_messages")
        database.execute("DELETE FROM chat_sessions")

    subprocess.run(
        [psql, "--quiet", "--set=ON_ERROR_STOP=1", f"--file={dump}", restored],
        check=True,
        stdout=subprocess.DEVNULL,
    )

    assert ask(restored, "SELECT count(*) FROM chat_messages") == [(1,)]


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_rows_of_a_partition_go_into_a_database_without_it(user, new_url, tmp_path):
    newest = partitions.weeks()[-1]
    ActivityEvent.objects.create(
        event_id=new_event_id(), user=user, timestamp=partitions.begin(newest)
    )
    file = tmp_path / "gatewayz.backup"
    assert manage("backup", file).returncode == 0
    assert manage("restore", file, url=new_url).returncode == 0
    ask(new_url, "SELECT activity_log_drop_week(%s)", newest)

    pg_restore = backups.program("pg_restore", connection.pg_version // 10_000)
    only = ["--data-only", f"--table=activity_log_{newest:%Y_%m_%d}"]
    subprocess.run([pg_restore, *only, f"--dbname={new_url}", file], check=True)

    assert ask(new_url, "SELECT tableoid::regclass::text FROM activity_log") == [
        ("activity_log_default",)
    ]

"""What migrations may do beside the code that is still running."""

import re

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration

_ALTERED = re.compile(
    r"""^(?:ALTER\ TABLE|(?:CREATE|DROP)\ TRIGGER\ \w+\b[^;]*?\ ON)\ "?(\w+)"?""",
    re.MULTILINE | re.VERBOSE,
)
_CREATED = re.compile(r'^CREATE TABLE "?(\w+)"?', re.MULTILINE)
_DROPPED = re.compile(r'^DROP TABLE "?(\w+)"?', re.MULTILINE)
_LOCKED = re.compile(r"^LOCK TABLE ([\w, ]+?) IN [A-Z ]+ MODE", re.MULTILINE)

_CHECKED = re.compile(r'^ALTER TABLE "?(\w+)"?[^;]*\bCHECK\b[^;]*;', re.MULTILINE)
# Tables with so few rows that reading them all takes no time.
_SMALL = {"plans"}

# The migrations of 1.0.0, with which nothing was running yet.
_FIRST = {"accounts": 24, "chat": 14}


def migrations() -> list[Migration]:
    disk: dict[tuple[str, str], Migration] = MigrationLoader(None).disk_migrations
    return [
        migration
        for (app, name), migration in sorted(disk.items())
        if migration.atomic and int(name.split("_")[0]) > _FIRST.get(app, 10_000)
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("is_backwards", [False, True], ids=["forwards", "backwards"])
def test_a_migration_locks_tables_in_the_order_of_the_requests(is_backwards: bool) -> None:
    loader = MigrationLoader(connection)
    for migration in migrations():
        sql = "\n".join(loader.collect_sql([(migration, is_backwards)]))

        found = _LOCKED.search(sql)
        locked = found[1].split(", ") if found else []
        before = sql[: found.start()] if found else ""
        of_its_own = {*_CREATED.findall(sql), *_DROPPED.findall(sql)}
        altered = set(_ALTERED.findall(sql)) - of_its_own
        assert not set(_ALTERED.findall(before)) - of_its_own, migration
        assert len(altered) <= 1 or altered <= set(locked), (
            f"{migration}: lock all tables first, or alter each in a migration of its own. A "
            "request that has one of them and waits for another is in a deadlock."
        )


@pytest.mark.django_db
def test_a_migration_checks_the_rows_of_a_table_without_a_lock() -> None:
    loader = MigrationLoader(connection)
    for migration in migrations():
        sql = "\n".join(loader.collect_sql([(migration, False)]))
        created = set(_CREATED.findall(sql))

        for found in _CHECKED.finditer(sql):
            assert found[1] in created | _SMALL or "NOT VALID" in found[0], (
                f"{migration}: add the CHECK as NOT VALID, and validate it in a later migration. "
                "Otherwise all rows are read while nobody can use the table."
            )

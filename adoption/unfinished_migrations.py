"""Removes what a killed `migrate` leaves behind, so that it can run again."""

import re
from collections.abc import Iterator

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection
from django.db.migrations import Migration, RunSQL
from django.db.migrations.executor import MigrationExecutor

_CREATES_INDEX = re.compile(r"CREATE (?:UNIQUE )?INDEX CONCURRENTLY (\w+)")


def drop_unrecorded_indexes() -> None:
    """Drop the indexes of migrations that are not recorded as applied.

    A migration that builds an index concurrently runs in no transaction. When it is killed, it
    leaves the index behind, valid or INVALID, and could not be applied again. Other migrations
    leave nothing.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        for migration, _ in plan:
            for name in _concurrent_indexes(migration):
                cursor.execute(f'DROP INDEX IF EXISTS "{name}"')


def _concurrent_indexes(migration: Migration) -> Iterator[str]:
    for operation in migration.operations:
        if isinstance(operation, AddIndexConcurrently):
            yield operation.index.name
        elif isinstance(operation, RunSQL) and isinstance(operation.sql, str):
            yield from _CREATES_INDEX.findall(operation.sql)

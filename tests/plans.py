"""The plans of the statements that a block of code runs, with what each step read."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def plans_of(*beginnings: str) -> Iterator[list[dict[str, Any]]]:
    """Explain each SELECT or WITH (or what begins with `beginnings`) before it runs.

    The list fills with plans as PostgreSQL gives them in JSON, each run by EXPLAIN ANALYZE.
    """
    plans: list[dict[str, Any]] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(beginnings or ("SELECT", "WITH")):
            with connection.cursor() as cursor:
                execute_explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"
                cursor.cursor.execute(execute_explained, params)
                (found,) = cursor.cursor.fetchone()
            plan = json.loads(found) if isinstance(found, str) else found
            plans.append(plan[0]["Plan"])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield plans


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and every step below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


def indexes(plan: dict[str, Any]) -> set[str]:
    """The names of the indexes that a plan reads."""
    return {step["Index Name"] for step in steps(plan) if "Index Name" in step}


def blocks(plan: dict[str, Any]) -> int:
    """How many blocks a plan read."""
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read

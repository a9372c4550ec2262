"""The statements of every page of the admin, on demo data: `pytest -s` prints the table."""

import re
import sys
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse

from accounts.models import User
from chat.demo import make_demo_data
from tests.plans import plans_of, steps

pytestmark = [pytest.mark.django_db, pytest.mark.long]

MAX_STATEMENTS = 10
# Tables that do not grow with the use of the service.
SMALL = {
    *("plans", "auth_group", "auth_permission", "django_content_type", "django_q_schedule"),
    # Holds tasks that failed; of those that succeeded, a bounded number.
    "django_q_task",
}
# Pages that show nothing: they redirect, answer a script, or take a form only.
NO_PAGES = {
    *("autocomplete", "jsi18n", "logout", "view_on_site", "login", "search"),
    *("chat_export_user", "chat_import", "toggle_sidebar"),
}


def names_of_pages(patterns: list, kept: tuple[str, ...] = ()) -> Iterator[tuple[str, bool]]:
    """The names of the admin's pages, each with whether it is about a row."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names_of_pages(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name and pattern.name not in NO_PAGES:
            yield pattern.name, bool(pattern.pattern.converters)


def row_of(name: str):
    """The id of a row that the page `name` can be about; None if there is none."""
    for model in admin.site._registry:
        begin = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(begin) and name.removeprefix(begin) in {"change", "history", "delete"}:
            return model._default_manager.values_list("pk", flat=True).order_by("pk").first()
    if name == "auth_user_password_change":
        return User.objects.values_list("pk", flat=True).first()
    return None


def urls() -> Iterator[str]:
    for name, is_about_row in sorted(set(names_of_pages(admin.site.get_urls()))):
        if name == "app_list":
            yield from (reverse("admin:app_list", args=[app]) for app in ("accounts", "chat"))
        elif not is_about_row:
            yield reverse(f"admin:{name}")
        elif (row := row_of(name)) is not None:
            yield reverse(f"admin:{name}", args=[row])


def growing_tables() -> set[str]:
    return {model._meta.db_table for model in apps.get_models()} - SMALL


def is_unbounded_count(sql: str) -> bool:
    """Whether a statement counts a growing table without a bound."""
    counted = re.search(r'COUNT\(\*\).*? FROM "(\w+)"', sql)
    bounded = "WHERE" in sql or " LIMIT " in sql
    return bool(counted) and counted[1] in growing_tables() and not bounded


def test_no_page_asks_much_of_the_database(admin_client):
    make_demo_data(12)
    tables, faults, asked_of = growing_tables(), {}, {}
    with connection.cursor() as cursor:
        # So that small tables are read as big ones are, where an index serves.
        cursor.execute("SET LOCAL enable_seqscan = off")

    for url in urls():
        with CaptureQueriesContext(connection) as asked, plans_of("SELECT") as plans:
            response = admin_client.get(url)
        statements = [
            query["sql"]
            for query in asked
            if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "EXPLAIN"))
        ]
        asked_of[url] = len(statements)
        found = [sql for sql in statements if is_unbounded_count(sql)]
        found += [
            f"reads all of {step['Relation Name']}"
            for plan in plans
            for step in steps(plan)
            if step["Node Type"] == "Seq Scan" and step.get("Relation Name") in tables
        ]
        if len(statements) > MAX_STATEMENTS:
            found.append(f"{len(statements)} statements")
        # Most rows are written by the service alone.
        is_denied = response.status_code == 403 and url.endswith(("/add/", "/delete/"))
        if response.status_code != 200 and not is_denied:
            found.append(f"status {response.status_code}")
        if found:
            faults[url] = found

    sys.stdout.write("\n".join(f"{count:3} {url}" for url, count in asked_of.items()) + "\n")
    assert len(asked_of) > 60
    assert faults == {}

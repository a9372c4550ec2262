"""manage.py adopt: take over the database of the old service. See docs/adopt.md."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from adoption import account_tables, copying, old_tables, other_tables, unfinished_migrations
from adoption.chat_tables import CHAT_TABLES
from adoption.old_tables import OldTable, UnadoptableDatabaseError

# The service can answer requests while what comes after the keys' limits is copied.
PLANS = (
    other_tables.PLANS,
    account_tables.USERS,
    other_tables.USER_PLANS,
    other_tables.PREFERENCES,
    account_tables.API_KEYS,
    account_tables.LIMITS_BY_WINDOW,
    *CHAT_TABLES,
    account_tables.ACTIVITY,
    other_tables.REFERRALS,
    other_tables.NOTIFICATIONS,
    other_tables.KEY_AUDIT,
)

# The number of the advisory lock that lets only one adoption run at a time.
_LOCK = 0x6761_7465


class Command(BaseCommand):
    help = "Take over the old service's database: move its tables aside and copy them from there."
    # The checks would look for tables that do not exist yet.
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--dry-run", action="store_true", help="say what would be done, but change nothing"
        )
        what.add_argument(
            "--drop-old",
            nargs="?",
            const="tables",
            choices=["tables", "keys"],
            help="after everything was adopted, drop the old tables, or of these only the columns "
            "with keys, and mask keys in other tables",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            # The tables are big, and nobody waits for an answer. The setting and the lock end
            # with the connection, which belongs to this command.
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                raise CommandError("Another adoption is running.")
        try:
            if options["drop_old"]:
                for sentence in old_tables.drop(options["drop_old"]):
                    self.stdout.write(sentence)
                self.stdout.write(f"The old {options['drop_old']} are dropped.")
                return
            tables = old_tables.find_old_tables()
            old_tables.check(tables, PLANS)
            self._describe(tables)
            if not options["dry_run"]:
                self._adopt(tables)
            elif not old_tables.adoption_began():
                self._predict(tables)
        except UnadoptableDatabaseError as exc:
            raise CommandError(str(exc)) from exc

    def _describe(self, tables: Sequence[OldTable]) -> None:
        plans = {plan.table: plan for plan in PLANS if not plan.name}
        for table in tables:
            plan = plans.get(table.name)
            self.stdout.write(f"{table.name}: {table.rows:,} rows")
            if plan is None:
                self.stdout.write("  is moved aside and not adopted")
                continue
            if unread := table.columns.keys() - plan.old_columns.keys():
                counts = old_tables.count_values(table, sorted(unread))
                named = ", ".join(f"{name} ({count:,})" for name, count in counts.items())
                self.stdout.write(f"  not adopted: {named}")
            if missing := plan.old_columns.keys() - table.columns.keys():
                self.stdout.write(f"  missing: {', '.join(sorted(missing))}")
        for name, rows in old_tables.other_tables().items():
            self.stdout.write(f"{name}: {rows:,} rows stay where they are")
        for name in old_tables.tables_that_refer_to([table.name for table in tables]):
            self.stdout.write(f"{name}: its foreign keys will point to the old tables")

    def _predict(self, tables: Sequence[OldTable]) -> None:
        by_name = {table.name: table for table in tables}
        if missing := {"users", "chat_sessions", "api_keys_new"} - by_name.keys():
            self.stdout.write(f"rows to skip are not counted without {', '.join(sorted(missing))}")
            return
        for plan in PLANS:
            if plan.table in by_name:
                for reason, count in copying.predicted_skips(plan, by_name[plan.table]).items():
                    self.stdout.write(f"{plan.label}: {count:,} to be skipped: {reason}")

    def _adopt(self, tables: Sequence[OldTable]) -> None:
        if not old_tables.adoption_began():
            old_tables.move(tables)
        unfinished_migrations.drop_unrecorded_indexes()
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        copying.reserve_ids(PLANS, tables)
        by_name = {table.name: table for table in tables}
        for plan in PLANS:
            if not {plan.table, *plan.reads} <= by_name.keys():
                continue
            done = 0
            for rows in copying.copy(plan, by_name[plan.table]):
                done += rows
                self.stdout.write(f"\r{plan.label}: {done:,} rows read", ending="")
            self._report(plan.label)

    def _report(self, table: str) -> None:
        report = copying.report(table)
        self.stdout.write(
            f"\r{table}: {report.found:,} found, {report.adopted:,} adopted, "
            f"{report.skipped.total():,} skipped"
        )
        for reason, count in report.skipped.items():
            self.stdout.write(f"  {count:,} skipped: {reason}")
        for change, count in report.changed.items():
            self.stdout.write(f"  {count:,} {change}")

"""manage.py check_indexes: check that the indexes of all models exist and are valid."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gatewayz.database.indexes import index_states, repair_indexes


class Command(BaseCommand):
    help = "Compare the indexes of all models with the database; exit 1 unless all are valid."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="First build those that are missing or invalid, without blocking writes.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["repair"]:
            for name in repair_indexes():
                self.stdout.write(f"Built {name}")
        states = index_states()
        row = "{:<26} {:<38} {:<8} {:>12} {:>10}"
        self.stdout.write(row.format("table", "index", "status", "size", "scans"))
        for state in states:
            size = "-" if state.size_bytes is None else f"{state.size_bytes / 1024:,.0f} kB"
            scans = "-" if state.scans is None else f"{state.scans:,}"
            self.stdout.write(row.format(state.table, state.name, state.status, size, scans))
        faulty = [state.name for state in states if state.status != "ok"]
        if faulty:
            raise CommandError(
                f"{len(faulty)} of {len(states)} indexes missing or invalid: {', '.join(faulty)}. "
                "`manage.py check_indexes --repair` builds them."
            )
        self.stdout.write(self.style.SUCCESS(f"All {len(states)} indexes exist and are valid."))

"""manage.py distribute: distribute the tables by user over the servers of a Citus cluster."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from chat.distribution import layout
from gatewayz.database.distribution import (
    connections_of_others,
    has_citus,
    is_done,
    run,
    steps_of,
)


class Command(BaseCommand):
    help = (
        "Distribute the tables of chats by user over the servers of a Citus cluster. Stop web and "
        "workers meanwhile. May be interrupted, and run again. See docs/citus.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--undo", action="store_true", help="bring all tables back to the coordinator"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print the steps instead of making them"
        )

    def handle(self, *args: Any, undo: bool, dry_run: bool, **options: Any) -> None:
        if not has_citus():
            raise CommandError(
                "This database has no Citus: run `CREATE EXTENSION citus` and add the workers."
            )
        steps = steps_of(layout())
        try:
            if dry_run:
                for step in steps:
                    self.stdout.write(f"{'done' if is_done(step) else 'to do':<6} {step.title}")
                return
            if (others := connections_of_others()) and any(is_done(one) == undo for one in steps):
                raise CommandError(
                    f"Stop web and workers first: they hold {others} connections"
                    " (pg_stat_activity, application_name gatewayz)."
                )
            for number, (step, has_to_run) in enumerate(run(steps, undoes=undo), start=1):
                mark = ("undo" if undo else "do") if has_to_run else "skip"
                self.stdout.write(f"{number:>3}/{len(steps)} {mark:<5} {step.title}")
        except Error as error:
            raise CommandError(str(error).strip()) from error
        back = "The tables are back" if undo else "The tables are distributed"
        self.stdout.write(self.style.SUCCESS(back))

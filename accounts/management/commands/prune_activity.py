"""`manage.py prune_activity`: delete old events from the activity log."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.activity.retention import prune


class Command(BaseCommand):
    help = "Delete old events from the activity log, by weeks. The daily totals stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=settings.ACTIVITY_RETENTION_DAYS,
            help="keep the events of this many days, and of the week in which they begin;"
            " 0 keeps all (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["days"] <= 36_500:
            raise CommandError("--days must be from 0 to 36500")
        deleted = 0
        if options["days"]:
            deleted, _ = prune(timezone.now() - timedelta(days=options["days"]))
        self.stdout.write(f"{deleted} events deleted")

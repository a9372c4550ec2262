"""manage.py restore: restore a backup into a new database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gatewayz.database.backup import BackupError, restore


class Command(BaseCommand):
    help = (
        "Restore a backup into the database of DATABASE_URL, which must be empty; it is created "
        "if it is missing. Needs the KEY_PEPPERS of the backup. See docs/backup.md."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="a file that `backup` wrote")
        parser.add_argument(
            "--jobs",
            type=int,
            default=1,
            help="the number of connections to use; with more than one, a failure leaves a partly "
            "restored database (default: %(default)s)",
        )

    def handle(self, *args: Any, file: Path, jobs: int, **options: Any) -> None:
        if jobs < 1:
            raise CommandError("--jobs must be 1 or more")
        try:
            restore(file, jobs)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            "Everything is restored and analysed. Now run `manage.py migrate`, `manage.py "
            "grant_roles`, `manage.py key_cache clear` and `manage.py verify_audit`."
        )

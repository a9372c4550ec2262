"""manage.py backup: write the whole database to one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gatewayz.database.backup import BackupError, backup


class Command(BaseCommand):
    help = (
        "Write the whole database to FILE with pg_dump while the service runs. KEY_PEPPERS and "
        "SECRET_KEY are not in it: back them up separately. See docs/backup.md."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, metavar="FILE", help="a file that does not exist yet"
        )

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            backup(file)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{file}: {file.stat().st_size / 1e6:,.1f} MB. Restoring it also needs "
            "KEY_PEPPERS and SECRET_KEY."
        )

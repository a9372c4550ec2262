"""`manage.py import_chats USER FILE`: import a file of any length."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.principals.principal import Principal
from chat.transfer.documents import documents
from chat.transfer.importing import Report, import_all
from chat.transfer.recognition import Found, conversations

SHOWN_EACH = 20
BAR_CHARS = 30


class Command(BaseCommand):
    help = (
        "Import a file of chats for a user: an export of Gatewayz, ChatGPT, Claude, Open WebUI or "
        "LibreChat, as JSON, NDJSON or ZIP, of any length. May run during traffic. When it is run "
        "again after an interruption, it continues where it was. The plan's storage limit does "
        "not stop it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the user's e-mail address, or id")
        parser.add_argument("file", type=Path, help="the file")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.named(options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}")
        owner = Principal.without_key(user.pk)
        path: Path = options["file"]
        report = Report()
        try:
            with path.open("rb") as file:
                lines = path.suffix in (".ndjson", ".jsonl")
                found = conversations(documents(file, are_lines=lines))
                size_bytes = path.stat().st_size
                import_all(owner, self._shown(found, report, file, size_bytes), report)
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}") from error
        self.stdout.write(report.message())
        for problem in report.errors:
            self.stderr.write(f"{problem['place'] or path.name}: {problem['errors']}")
        if report.dropped:
            self.stderr.write(f"No room for: {', '.join(report.dropped)}")
        if report.failed and not (report.imported or report.existing):
            raise CommandError("Nothing was imported")

    def _shown(
        self, found: Iterable[Found], report: Report, file: BinaryIO, size_bytes: int
    ) -> Iterator[Found]:
        """Draw a progress bar from time to time, on a line of its own."""
        for number, one in enumerate(found):
            if number % SHOWN_EACH == 0:
                share = min(1.0, file.tell() / max(1, size_bytes))
                bar = "#" * round(BAR_CHARS * share)
                line = f"\r[{bar:<{BAR_CHARS}}] {100 * share:3.0f} % {report.message()}"
                self.stderr.write(line, str, ending="")
                self.stderr.flush()
            yield one
        self.stderr.write("")

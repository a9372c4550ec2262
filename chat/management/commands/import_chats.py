"""`manage.py import_chats USER FILE`: import a file of any length."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.principals.principal import Principal
from chat.transfer.documents import documents
from chat.transfer.importing import Report, import_all
from chat.transfer.recognition import Found, conversations

SHOWN_EACH = 20


class Command(BaseCommand):
    help = (
        "Import a file of chats for a user: an export of Gatewayz, ChatGPT, Claude, Open WebUI or "
        "LibreChat, as JSON, NDJSON or ZIP, of any length. It runs beside traffic; cut off, it "
        "goes on where it was when it is run again. The plan's storage limit does not stop it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the user's e-mail address, or id")
        parser.add_argument("file", type=Path, help="the file")

    def handle(self, *args: Any, **options: Any) -> None:
        user = _user(options["user"])
        # Whoever runs the command, no key does.
        owner = Principal(user.pk, None, True, True, False, "live", None)
        path: Path = options["file"]
        report = Report()
        try:
            with path.open("rb") as file:
                lines = path.suffix in (".ndjson", ".jsonl")
                found = conversations(documents(file, are_lines=lines))
                import_all(owner, self._shown(found, report), report)
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}") from error
        self.stdout.write(f"\r{report.message()}")
        for problem in report.errors:
            self.stderr.write(f"{problem['place'] or path.name}: {problem['errors']}")
        if report.dropped:
            self.stderr.write(f"No room for: {', '.join(report.dropped)}")
        if report.failed and not (report.imported or report.existing):
            raise CommandError("Nothing was imported")

    def _shown(self, found: Iterable[Found], report: Report) -> Iterator[Found]:
        """Say now and then how far it is, in one line."""
        for number, one in enumerate(found):
            if number % SHOWN_EACH == 0:
                self.stdout.write(f"\r{report.message()}", ending="")
                self.stdout.flush()
            yield one


def _user(name: str) -> User:
    found = (
        User.objects.filter(pk=int(name)) if name.isdecimal() else User.objects.with_email(name)
    )
    user: User | None = found.first()
    if user is None:
        raise CommandError(f"There is no user {name!r}")
    return user

"""`manage.py verify_audit`: check the audit log for tampering."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from accounts.audit.verification import Anchor, BrokenAuditLogError, verify


def _anchor(text: str) -> Anchor:
    try:
        return Anchor.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError("an anchor is a line that this command printed") from None


class Command(BaseCommand):
    help = (
        "Verify the hash chain of the audit log. Prints its newest link, an anchor: store it "
        "outside the database and pass it to the next run. If somebody has tampered with the "
        "log, names the first bad entry and exits with 1."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--anchor",
            type=_anchor,
            metavar="NUMBER:HASH",
            help="A link that an earlier run printed: verifies it and the entries after it.",
        )
        parser.add_argument(
            "--whole", action="store_true", help="Verify what came before the anchor, too."
        )

    def handle(
        self, *args: Any, anchor: Anchor | None, whole: bool = False, **options: Any
    ) -> None:
        try:
            head = verify(anchor, whole=whole)
        except BrokenAuditLogError as error:
            self.stderr.write(f"The audit log is broken: {error}")
            sys.exit(1)
        self.stdout.write(str(head))

"""manage.py verify_audit: whether the audit log is what was written to it."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from accounts.audit.verification import Anchor, BrokenAuditLogError, verify


def _anchor(text: str) -> Anchor:
    try:
        return Anchor.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError("an anchor is what this command printed") from None


class Command(BaseCommand):
    help = (
        "Verify the chain of the audit log. Prints its newest link, an anchor: keep it outside "
        "of the database, and give it to the next run. Names the first broken entry and exits "
        "with 1 when somebody has tampered with it."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--anchor", type=_anchor, metavar="NUMBER:HASH", help="what an earlier run printed"
        )

    def handle(self, *args: Any, anchor: Anchor | None, **options: Any) -> None:
        try:
            head = verify(anchor)
        except BrokenAuditLogError as error:
            self.stderr.write(f"The audit log is broken: {error}")
            sys.exit(1)
        self.stdout.write(str(head))

"""`manage.py index_chats`: index all chats again after an upgrade that prepares them otherwise."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.search.index import index_listed, queue_outdated


class Command(BaseCommand):
    help = (
        "Index all chats that are not indexed yet or that an older version has prepared."
        " It may run during traffic; when interrupted, it continues where it was."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{queue_outdated():,} sessions were prepared by an older version")
        sessions = 0
        for done in index_listed():
            sessions += done
            self.stdout.write(f"\r{sessions:,} sessions indexed", ending="")
        self.stdout.write("")

"""`manage.py index_chats`: after an upgrade that prepares text in another way."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.search.index import index_listed, queue_outdated


class Command(BaseCommand):
    help = (
        "Index all chats that are not indexed yet or that an older version has prepared."
        " It runs beside traffic; cut off, it goes on where it was when it is run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{queue_outdated():,} sessions were prepared by an older version")
        sessions = 0
        for done in index_listed():
            sessions += done
            self.stdout.write(f"\r{sessions:,} sessions indexed", ending="")
        self.stdout.write("")

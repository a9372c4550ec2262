"""`manage.py index_chats`: after SEARCH_CONFIGURATION has changed."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.search.index import index_chats


class Command(BaseCommand):
    help = "Split all chats into words again, by the present SEARCH_CONFIGURATION."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = 0
        for done in index_chats():
            rows += done
            self.stdout.write(f"\r{rows:,} titles and messages", ending="")
        self.stdout.write("")

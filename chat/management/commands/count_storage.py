"""`manage.py count_storage`: recount what users store."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.storage import count_storage


class Command(BaseCommand):
    help = "Recount the bytes that each user stores, such as after the upgrade that introduced it."

    def handle(self, *args: Any, **options: Any) -> None:
        users = sum(1 for _ in count_storage())
        self.stdout.write(f"Counted the storage of {users:,} users")

"""`manage.py count_storage`: count anew what users store."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.storage import count_storage


class Command(BaseCommand):
    help = "Count anew what each user stores, as after the upgrade that began to count it."

    def handle(self, *args: Any, **options: Any) -> None:
        users = sum(1 for _ in count_storage())
        self.stdout.write(f"Counted what {users:,} users store")

"""`manage.py qcluster`: run the worker, in place of django-q2's command."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.worker import cluster


class Command(BaseCommand):
    help = (
        "Run the worker, which writes activity, delivers notifications and runs schedules: "
        "django-q2's cluster of processes, restarted when one of them is killed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        cluster.run()

"""manage.py qcluster: the worker, in the place of django-q2's command."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.worker import cluster


class Command(BaseCommand):
    help = (
        "Run the worker, which writes activity and does what is scheduled: django-q2's cluster of "
        "processes, begun anew when one of them is killed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        cluster.run()

"""manage.py test: says how to run the tests, because Django's runner would find none."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import test


class Command(test.Command):
    help = "Say how to run the tests, which are written for pytest."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            "the tests run with pytest: `make test`, or some of them with "
            "`.venv/bin/python -m pytest tests/chat`"
        )

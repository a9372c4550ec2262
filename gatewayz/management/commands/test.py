"""manage.py test: says how the tests are run, since Django's runner would find none."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import test


class Command(test.Command):
    help = "Says how to run the tests: they are written for pytest."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            "the tests are run by pytest: `make test`, or some of them by "
            "`.venv/bin/python -m pytest tests/chat`"
        )

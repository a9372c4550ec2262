"""`manage.py erase_user`: erase a user and everything that belongs to the user."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import Http404

from accounts.models import User
from accounts.profile.erasure import erase, request_erasure


class Command(BaseCommand):
    help = (
        "Erase a user and everything that belongs to the user, immediately. It cannot be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the user's id or whole e-mail address")
        parser.add_argument("--no-input", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["user"]
        user = User.objects.named(given).first()
        if user is None:
            raise CommandError(f"There is no user {given}")
        if not options["no_input"] and input(f"Erase {user}? Type `yes`: ") != "yes":
            raise CommandError("Nothing was erased")
        try:
            request_erasure(user.pk)
        except Http404:
            self.stdout.write("Continuing an erasure that was already requested.")
        erase(user.pk)
        self.stdout.write(f"User {user.pk} is erased.")

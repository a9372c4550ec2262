"""manage.py grant_roles: create the service's PostgreSQL roles and grant them their rights."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from gatewayz.database.roles import grant_roles, statements_to_grant


class Command(BaseCommand):
    help = (
        "Create the roles …_migrator, …_web and …_worker, and give each exactly the rights it "
        "needs. Run it after each migration, as a role that may create roles. See docs/roles.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--prefix",
            default="gatewayz",
            help="how the names of the roles begin (default: %(default)s)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print the SQL instead of running it"
        )

    def handle(self, *args: Any, prefix: str, dry_run: bool, **options: Any) -> None:
        try:
            statements = (statements_to_grant if dry_run else grant_roles)(prefix)
        except (Error, ValueError) as error:
            raise CommandError(str(error).strip()) from error
        if dry_run:
            self.stdout.write("".join(f"{statement};\n" for statement in statements))
        else:
            self.stdout.write(f"{len(statements)} statements run")

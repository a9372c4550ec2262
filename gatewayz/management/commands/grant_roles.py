"""manage.py grant_roles: the roles of PostgreSQL that the service works as."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from gatewayz.database.roles import grant_roles, statements_to_grant


class Command(BaseCommand):
    help = (
        "Make the roles …_migrator, …_web and …_worker, and give each the rights it needs and no "
        "others. Run it as who may create roles, after each migration. See docs/roles.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--prefix", default="gatewayz", help="how their names begin (default: %(default)s)"
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

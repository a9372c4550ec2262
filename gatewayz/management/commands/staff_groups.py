"""manage.py staff_groups: create the groups of people who work in the admin."""

from typing import Any

from django.core.management.base import BaseCommand

from gatewayz.admin_site.groups import OPERATORS, SUPPORT, make_staff_groups


class Command(BaseCommand):
    help = (
        f"Create the groups {SUPPORT}, who may view everything in the admin, and {OPERATORS}, who "
        "may also act; or update their rights, after each migration. Only superusers may change "
        "who is staff."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        make_staff_groups()
        self.stdout.write(f"The groups {SUPPORT} and {OPERATORS} have their rights")

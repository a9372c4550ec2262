"""manage.py staff_groups: the groups that people who work in the admin are put into."""

from typing import Any

from django.core.management.base import BaseCommand

from gatewayz.admin_site.groups import OPERATORS, SUPPORT, make_staff_groups


class Command(BaseCommand):
    help = (
        f"Make the groups {SUPPORT}, who may look at everything in the admin, and {OPERATORS}, "
        "who may act too; or give them their rights anew, after each migration. Only superusers "
        "may change who is staff."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        make_staff_groups()
        self.stdout.write(f"The groups {SUPPORT} and {OPERATORS} have their rights")

"""`manage.py seed_demo`: create the demo account that `make run` prints."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.access.key_lookup import get_user
from accounts.demo import PEOPLE
from accounts.keys import create_key
from accounts.models import Plan, User
from accounts.users import get_or_create_verified_user
from chat.demo import make_demo_data
from gatewayz.admin_site.groups import make_staff_groups

DEMO_EMAIL = "demo@example.com"
BIG_USERS = 120


class Command(BaseCommand):
    help = (
        "Development only: make sure that a demo user with a working key and an admin password "
        "exists, store both in the data directory, and print them as JSON."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--big",
            action="store_true",
            help=f"also make {BIG_USERS} users with keys, chats, activity and failures, once",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("There is no demo account in production")
        make_staff_groups()
        path = settings.DATA_DIR / "demo.json"
        kept = json.loads(path.read_text()) if path.exists() else {}
        demo = {
            "email": DEMO_EMAIL,
            "password": kept.get("password") or secrets.token_urlsafe(12),
            "api_key": kept.get("api_key", ""),
        }
        user = get_or_create_verified_user(DEMO_EMAIL)
        if not user.check_password(demo["password"]):
            user.is_active = user.is_staff = user.is_superuser = True
            # No limits, so that people can measure the speed.
            user.plan_id = Plan.objects.filter(plan_type=Plan.Type.ENTERPRISE).earliest("id").pk
            user.set_password(demo["password"])
            user.save()
        principal = get_user(demo["api_key"])
        if principal is None or principal.denial_code() is not None:
            _, demo["api_key"] = create_key(user, key_name=f"Demo {secrets.token_hex(3)}")
        if demo != kept:
            _write_private(path, json.dumps(demo))
        if options["big"] and not User.objects.with_email(f"{PEOPLE[0]}@example.com").exists():
            make_demo_data(BIG_USERS)
        self.stdout.write(json.dumps(demo))


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)

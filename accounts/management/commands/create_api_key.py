"""`manage.py create_api_key`: create a key for a user, and the user if there is none."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.keys import KeyNameTaken, TooManyKeys, create_key
from accounts.models import ApiKey, Plan, User
from accounts.principals.email_addresses import canonical, validate_address
from accounts.principals.scopes import validate_scopes
from accounts.users import get_or_create_verified_user

MAX_NAME_CHARS = 255


class Command(BaseCommand):
    help = (
        "Create an API key, and its user if there is none. Prints only the key, which is shown "
        "only once. The address counts as verified, since an operator vouches for it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the user's e-mail address")
        parser.add_argument(
            "--name", help="the key's name, unique per user (default: the current time)"
        )
        parser.add_argument(
            "--env",
            choices=ApiKey.Environment.values,
            default=ApiKey.Environment.LIVE.value,
            help="the key's environment (default: %(default)s)",
        )
        parser.add_argument(
            "--expires-days",
            type=int,
            metavar="DAYS",
            help="let the key expire after this many days",
        )

        parser.add_argument(
            "--plan", help="put the user on this plan, such as Enterprise (default: unchanged)"
        )
        parser.add_argument(
            "--scope",
            action="append",
            metavar="RESOURCE:LEVEL",
            default=[],
            help="what the key may do, such as chat:read; may be repeated (default: everything)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email = canonical(options["email"])
        try:
            validate_address(email)
        except ValidationError:
            raise CommandError(f"{options['email']!r} is not an e-mail address") from None
        if options["expires_days"] is not None and not 0 < options["expires_days"] <= 36_500:
            raise CommandError("--expires-days must be from 1 to 36500")

        if options["name"] and len(options["name"]) > MAX_NAME_CHARS:
            raise CommandError(f"--name takes at most {MAX_NAME_CHARS} characters")

        now = timezone.now()
        days = options["expires_days"]
        name = options["name"] or f"Created {now:%Y-%m-%d %H:%M:%S.%f}"
        unverified = User.objects.with_email(email).unverified().first()
        user = get_or_create_verified_user(email)
        if unverified is not None:
            self.stderr.write(
                f"User {unverified.pk} had entered this address without verifying it and has "
                f"lost it. The key is for a new user, {user.pk}."
            )
        if not user.is_active:
            raise CommandError(f"{user.email} is deactivated: activate the user first")
        if options["plan"]:
            user.plan_id = _plan(options["plan"]).pk
            user.save(update_fields=["plan", "updated_at"])
        try:
            _, secret = create_key(
                user,
                key_name=name,
                environment_tag=options["env"],
                expiration_date=now + timedelta(days=days) if days else None,
                scope_permissions=_scopes(options["scope"]),
            )
        except KeyNameTaken:
            raise CommandError(f"{user.email} already has a key named {name!r}") from None
        except TooManyKeys as exc:
            raise CommandError(str(exc)) from None
        self.stdout.write(secret)


def _plan(name: str) -> Plan:
    plan = Plan.objects.filter(name__iexact=name).first()
    if plan is None:
        names = ", ".join(Plan.objects.values_list("name", flat=True).order_by("id"))
        raise CommandError(f"There is no plan {name!r}: there are {names}")
    return plan


def _scopes(given: list[str]) -> dict[str, list[str]]:
    scopes: dict[str, list[str]] = {}
    for scope in given:
        resource, _, level = scope.partition(":")
        scopes.setdefault(resource, []).append(level)
    try:
        validate_scopes(scopes)
    except ValidationError as exc:
        raise CommandError(f"--scope: {exc.messages[0]}") from None
    return scopes

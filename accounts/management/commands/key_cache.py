"""`manage.py key_cache stats|clear|ttl`: inspect the key cache, clear it, set its TTL."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from accounts.access import key_lookup


class Command(BaseCommand):
    help = "Inspect the key cache of all processes, clear it, or set how long its entries live."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("stats", help="print its size in Redis and its settings, as JSON")
        actions.add_parser("clear", help="clear it in every process")
        ttl = actions.add_parser("ttl", help="set how long entries live, in every process")
        ttl.add_argument("seconds", type=int)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "stats":
                # This process has served no requests, so its own counters would mislead.
                stats = key_lookup.get_cache_stats()
                names = ("enabled", "ttl_seconds", "max_entries", "shared")
                self.stdout.write(json.dumps({name: stats[name] for name in names}, indent=2))
            elif action == "clear":
                key_lookup.clear_cache()
                self.stdout.write("The key cache has been cleared.")
            else:
                key_lookup.set_cache_ttl(options["seconds"])
                self.stdout.write(f"Entries now live for {options['seconds']} seconds.")
        except ValueError as exc:
            raise CommandError(str(exc)) from exc
        except RedisError as exc:
            raise CommandError(f"Redis does not answer: {exc}") from exc

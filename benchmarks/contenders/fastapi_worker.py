"""Writes the activity that `fastapi_asyncpg` pushes, with our worker's statement.

So the work behind a request, which takes its share of the machine, is the same for both.
"""

import os
import time

import django
import redis

BATCH = 1000


def main() -> None:
    """Write events until the process is ended."""
    django.setup()
    from accounts.activity.events import decode, write_events

    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    activity = os.environ["REDIS_KEY_PREFIX"] + ":fastapi:activity"
    while True:
        batch = client.lpop(activity, BATCH)
        if batch:
            write_events([decode(event) for event in batch])
        else:
            time.sleep(0.05)


if __name__ == "__main__":
    main()

"""What group commit gains, and what it costs a caller who is alone.

`python -m benchmarks combining` creates sessions and appends messages in the threads of one
process without a server, in three ways that take turns: each call by itself, a batch at a time
(plain group commit), and as the service does it, which waits no longer than some milliseconds for
the batch that runs (`gatewayz/threads/combining.py`).
"""

import json
import os
import subprocess
import sys
from dataclasses import astuple

from benchmarks.contenders import OURS
from benchmarks.create_session import lift_limits, user_and_keys
from benchmarks.day import Conversations
from benchmarks.measuring.servers import CHECKOUT, environ_of

OPERATIONS = ("create", "append")


def main(rounds: str = "5") -> None:
    """Print the table. Raises SystemExit when a request is not answered."""
    lift_limits()
    user_id, keys = user_and_keys([OURS.name])
    requests = Conversations(user_id).requests
    print("| operation | threads | | calls/s | of those by themselves | p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for operation in OPERATIONS:
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks.measuring.combined"),
                *(operation, str(user_id), keys[OURS.name], rounds),
            ],
            cwd=CHECKOUT,
            env=environ_of(OURS, os.environ["DATABASE_URL"], processes=1) | {"LOG_LEVEL": "ERROR"},
            input=json.dumps([astuple(request) for request in requests[operation]]),
            text=True,
            check=False,
        )
        if ran.returncode:
            raise SystemExit(f"benchmarks.measuring.combined ended with {ran.returncode}")

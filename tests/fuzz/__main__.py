"""`python -m tests.fuzz --requests 100000`: fuzz a service of its own, with a worker, for long.

Prints how often each operation answered what, then the faults, if there are any.
"""

import argparse
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults.service import Service
from tests.fuzz.fuzzer import Counts, fuzz

USERS = 200
# Runs of this many requests for each operation, so that the last does not go far beyond.
EXAMPLES_PER_RUN = 50

_CREATE_KEYS = f"""
from accounts.keys import create_key
from accounts.models import Plan, User
plan = Plan.objects.get(name="Enterprise")
for n in range({USERS}):
    user = User.objects.create_user(f"user-{{n}}@example.com", plan=plan)
    print(create_key(user, key_name="first")[1])
"""


def main() -> int:
    """Returns the exit code: 0 when no fault was found."""
    arguments = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    arguments.add_argument("--requests", type=int, default=100_000)
    requests = arguments.parse_args().requests
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and stop what was started
    with tempfile.TemporaryDirectory(prefix="gatewayz-fuzz-") as folder:
        service = Service(Path(folder, "service"))
        service.environ["TRUSTED_PROXIES"] = "127.0.0.1"
        try:
            service.start_cluster()
            service.start_web()
            return _fuzz(service, requests)
        finally:
            service.stop()


def _fuzz(service: Service, requests: int) -> int:
    api_keys = service.manage("shell", "-v", "0", "-c", _CREATE_KEYS).split()
    counts: Counts = Counter()
    has_faults = False
    while counts.total() < requests and not has_faults:
        run = fuzz(
            f"http://127.0.0.1:{service.port}",
            api_keys,
            *("--max-examples", str(EXAMPLES_PER_RUN)),
        )
        if not run.counts:
            print(run.report)
            return 1
        counts += run.counts
        has_faults = run.has_faults
        print(f"{counts.total():,} of {requests:,} requests", flush=True)
    _print_table(counts)
    if has_faults:
        print(run.report)
    return int(has_faults)


def _print_table(counts: Counts) -> None:
    statuses = sorted({status for _, status in counts})
    labels = sorted({label for label, _ in counts}, key=lambda label: label.split()[::-1])
    width = max(map(len, labels))
    print(" " * width, *(f"{status:>7}" for status in statuses))
    for label in labels:
        print(label.ljust(width), *(f"{counts[label, status] or '·':>7}" for status in statuses))
    in_all = (sum(counts[label, status] for label in labels) for status in statuses)
    print("in all".ljust(width), *(f"{count:>7,}" for count in in_all))


if __name__ == "__main__":
    sys.exit(main())

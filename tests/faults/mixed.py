"""Mixed load at 80 % of what the service can do, with a fault every 20 s.

    python -m tests.faults.mixed [--minutes 10]

Prints a line for each fault and one for the rest of the time; fails when a request hung, a
promised write is not in the database or is there twice, or 0.1 % fail outside the faults.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from gatewayz.development import embedded
from tests.faults.load import TABLE_HEAD, Load, audit, row_of
from tests.faults.service import Service

CLIENTS = 16
SHARE = 0.8
CAPACITY_SECONDS = 10.0
FAULT_EVERY_SECONDS = 20.0
# A fault's requests are those until so long after it has ended.
AFTERMATH_SECONDS = 2.0
SPIKE_SECONDS = 3.0
MAX_ERROR_RATE = 0.001


def kill_a_web_process(service: Service) -> None:
    os.kill(random.choice(service.pids("web")), signal.SIGKILL)
    time.sleep(1.0)  # until the next one serves


def kill_a_worker(service: Service) -> None:
    random.choice([*service.cluster_processes().values()]).kill()


def restart_redis(service: Service) -> None:
    service.stop_redis()
    service.start_redis()


def terminate_database_connections(service: Service) -> None:
    service.terminate_connections()


def latency_spike(service: Service) -> None:
    service.database_network.change(latency_ms=100)
    time.sleep(SPIKE_SECONDS)
    service.database_network.change(latency_ms=0)


FAULTS: dict[str, Callable[[Service], None]] = {
    "a web process killed": kill_a_web_process,
    "a worker killed": kill_a_worker,
    "Redis restarted": restart_redis,
    "database connections terminated": terminate_database_connections,
    "database 100 ms away for 3 s": latency_spike,
}


def capacity_of(service: Service) -> float:
    """Requests a second that as many clients get who do not pause."""
    with Load(service, CLIENTS).running() as ledger:
        time.sleep(CAPACITY_SECONDS)
    return len(ledger.answers) / CAPACITY_SECONDS


def run(service: Service, minutes: float) -> list[str]:
    """Returns what is wrong; nothing, if all went well."""
    per_second = SHARE * capacity_of(service)
    print(f"{minutes:g} minutes at {per_second:.0f} requests a second\n\n{TABLE_HEAD}", flush=True)
    windows: list[tuple[str, float, float]] = []
    faults = cycle(FAULTS.items())
    ends_at = time.monotonic() + minutes * 60
    with Load(service, CLIENTS, per_second).running() as ledger:
        while (begin := time.monotonic() + FAULT_EVERY_SECONDS / 2) < ends_at:
            time.sleep(FAULT_EVERY_SECONDS / 2)
            name, fault = next(faults)
            fault(service)
            end = time.monotonic() + AFTERMATH_SECONDS
            windows.append((name, begin, end))
            time.sleep(max(0.0, begin + FAULT_EVERY_SECONDS / 2 - time.monotonic()))
    service.end_leases()
    service.sweep()
    found = audit(service, ledger)

    outside = list(ledger.answers)
    for name in FAULTS:
        during = [
            answer
            for fault, begin, end in windows
            if fault == name
            for answer in ledger.during(begin, end)
        ]
        print(row_of(name, during))
        taken = {id(answer) for answer in during}
        outside = [answer for answer in outside if id(answer) not in taken]
    print(row_of("no fault", outside))
    print(row_of("in all", ledger.answers, found), flush=True)

    failed = [answer for answer in outside if not 200 <= answer.status < 300]
    hung = [answer for answer in ledger.answers if answer.is_hung]
    written = service.written()
    sessions = set(found.session_ids)
    unlogged = [session_id for session_id in sessions if not written[session_id]]
    logged_twice = [session_id for session_id in sessions if written[session_id] > 1]
    print(
        f"\n{len(ledger.promised)} writes promised, {len(ledger.unknown)} in doubt; "
        f"errors outside the faults: {len(failed) / max(1, len(outside)):.3%}"
    )
    wrong = {
        "requests hung": hung,
        "promised writes lost": found.lost,
        "writes duplicated": found.duplicated,
        "writes under another id": found.strange,
        "promised sessions without activity": unlogged,
        "sessions with activity twice": logged_twice,
        "errors outside the faults": failed
        if len(failed) >= MAX_ERROR_RATE * len(outside)
        else [],
    }
    return [f"{len(which)} {what}: {which[:3]}" for what, which in wrong.items() if which]


def keep_logs(service: Service) -> Path:
    """Put what the processes printed where it outlives the service."""
    kept = service.home.with_name(f"{service.home.name}-logs")
    kept.mkdir()
    for log in service.home.glob("*.log"):
        shutil.copy(log, kept)
    return kept


def main() -> None:
    """The command line; see the top of this file."""
    parser = argparse.ArgumentParser(description="Mixed load with a fault every 20 s.")
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    service = Service(embedded.default_data_dir() / "test" / f"mixed-{os.getpid()}")
    try:
        service.start_cluster()
        service.start_web(workers=2)
        wrong = run(service, minutes)
        if wrong:
            wrong.append(f"What its processes printed is in {keep_logs(service)}")
    finally:
        service.stop()
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()

"""`make bench-quick`: fails when what people do all day costs more than before; a minute.

Absolute times say more about the machine than about the code. So ours, FastAPI and the bare INSERT
take turns of a few milliseconds, each in its own process without a server. A busy machine slows
all of them down, and the cheapest turns least. Their ratios are compared with recorded ones.
`python -m benchmarks guard --record` records them; do that after a change that is worth its cost.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import astuple

from benchmarks.contenders import LIMIT, OURS, SERVICES
from benchmarks.create_session import RESULTS, user_and_keys
from benchmarks.day import Conversations
from benchmarks.measuring.load import Request
from benchmarks.measuring.servers import CHECKOUT, LOGS, environ_of

CONTENDERS = (OURS.name, "fastapi", LIMIT)
WARM_UP_TURNS = 30
TURNS = 150
QUANTILE = 0.1

BASELINE = RESULTS / "baseline.json"

RECORDED_RUNS = 5

CPU = {
    "create": "CPU of a creation, of FastAPI's",
    "append": "CPU of an append, of FastAPI's",
    "detail": "CPU of a detail, of FastAPI's",
    "list": "CPU of a list, of FastAPI's",
}
TIME = "time of a creation, of the bare INSERT's"

# How far CPU may exceed the recorded ratio. Of that, a creation has used 21 to 28 % since its
# ratio was recorded at c5cd449: for the list of what the search has to index, and the fields of a
# session. Runs of the same code differ by up to a fifth on a busy machine, so one beyond it is
# measured again, and the least counts.
# TIME is only shown, because it depends as much on the disk.
MARGIN = 1.30
TRIES = 5


def main(*arguments: str) -> None:
    """Compare with the baseline, or `--record` it. Raises SystemExit when a ratio is worse."""
    if arguments != ("--record",) and not BASELINE.exists():
        raise SystemExit("there is no baseline yet: python -m benchmarks guard --record")
    user_id, keys = user_and_keys([OURS.name])
    api_key = keys[OURS.name]
    if arguments == ("--record",):
        runs = [_ratios(user_id, api_key) for _ in range(RECORDED_RUNS)]
        medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        BASELINE.write_text(json.dumps(medians, indent=1) + "\n")
        return
    recorded = json.loads(BASELINE.read_text())
    least: dict[str, float] = {}
    for _ in range(TRIES):
        ratios = _ratios(user_id, api_key)
        worse = {name: ratios[name] / recorded[name] for name in ratios.keys() & recorded.keys()}
        _print(ratios, recorded, worse)
        least = {name: min(times, least.get(name, times)) for name, times in worse.items()}
        slower = [name for name in CPU.values() if least.get(name, 0) > MARGIN]
        if not slower:
            return
    raise SystemExit(
        f"The service has become slower: only {MARGIN - 1:.0%} more is allowed of {slower}"
    )


def _print(
    ratios: Mapping[str, float], recorded: Mapping[str, float], worse: Mapping[str, float]
) -> None:
    print(f"\n{'':44}{'now':>8}{'recorded':>10}{'worse by':>10}")
    for name, times in sorted(worse.items()):
        print(f"{name:44}{ratios[name]:>8.3f}{recorded[name]:>10.3f}{times - 1:>+10.0%}")
    for name in ratios.keys() - recorded.keys():
        print(f"{name:44}{ratios[name]:>8.3f}{'–':>10}")


def _ratios(user_id: int, api_key: str) -> Mapping[str, float]:
    LOGS.mkdir(parents=True, exist_ok=True)
    requests = Conversations(user_id).requests
    ratios = {}
    with ExitStack() as stack:
        started = {}
        for name in CONTENDERS:
            log = stack.enter_context((LOGS / f"guard-{name}.log").open("wb"))
            started[name] = stack.enter_context(
                subprocess.Popen(
                    [
                        *(sys.executable, "-m", "benchmarks.measuring.in_process"),
                        *(name, str(user_id), api_key),
                    ],
                    cwd=CHECKOUT,
                    env=environ_of(SERVICES.get(name), os.environ["DATABASE_URL"], processes=1),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            )
        for operation, ratio in CPU.items():
            compared = dict(started)
            if operation != "create":
                del compared[LIMIT]
            turns: dict[str, list[tuple[float, float]]] = {name: [] for name in compared}
            for number in range(-WARM_UP_TURNS, TURNS):
                request = requests[operation][number % len(requests[operation])]
                for name, process in compared.items():
                    spent = _turn(name, process, request)
                    if number >= 0:
                        turns[name].append(spent)
            cpu, wall = (
                {name: _low([turn[which] for turn in spent]) for name, spent in turns.items()}
                for which in (0, 1)
            )
            ratios[ratio] = cpu[OURS.name] / cpu["fastapi"]
            if LIMIT in compared:
                ratios[TIME] = wall[OURS.name] / wall[LIMIT]
        for process in started.values():
            process.terminate()
    return ratios


def _turn(name: str, process: subprocess.Popen[str], request: Request) -> tuple[float, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    print(json.dumps(astuple(request)), file=process.stdin, flush=True)
    spent = process.stdout.readline().split()
    if not spent:
        raise SystemExit(f"{name} has failed: see benchmarks/logs in the data folder")
    return float(spent[0]), float(spent[1])


def _low(seconds: list[float]) -> float:
    """The cost of the cheapest turns, in which the machine did nothing else."""
    return sorted(seconds)[int(len(seconds) * QUANTILE)]

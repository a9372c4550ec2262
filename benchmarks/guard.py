"""`make bench-quick`: fails when the service has become slower than it was, within two minutes.

Absolute times say more about the machine than about the code. So FastAPI and the bare INSERT run
beside ours, in turns, and it is the ratios that are compared with the recorded ones.
`python -m benchmarks guard --record` records them; do so after a change that is worth its price.
"""

import json
import statistics
from collections.abc import Mapping

from benchmarks import create_session
from benchmarks.create_session import RESULTS, Measured

BASELINE = RESULTS / "baseline.json"
ROUNDS = 4
CHOICE = (
    *("--contenders", "ours", "fastapi", "limit", "--latencies", "0", "--clients", "1", "8"),
    *("--rounds", str(ROUNDS), "--seconds", "2"),
)

# How much worse a ratio may be than the recorded one.
MARGINS = {
    "CPU per request, of FastAPI's": 1.20,
    "requests per second, of FastAPI's": 1.30,
    "requests per second, of the bare INSERT's": 1.40,
    "p50 with one client, of the bare INSERT's": 1.40,
}


def main(*arguments: str) -> None:
    """Compare with the baseline, or `--record` it. Raises SystemExit when a ratio is worse."""
    if arguments != ("--record",) and not BASELINE.exists():
        raise SystemExit("nothing is recorded yet: python -m benchmarks guard --record")
    ratios = _ratios(create_session.measure(create_session.arguments(CHOICE)))
    if arguments == ("--record",):
        BASELINE.write_text(json.dumps(ratios, indent=1) + "\n")
        return
    recorded = json.loads(BASELINE.read_text())
    print(f"\n{'':44}{'now':>8}{'recorded':>10}{'worse by':>10}{'allowed':>9}")
    failed = False
    for name, margin in MARGINS.items():
        worse = _worse(name, ratios[name], recorded[name])
        failed |= worse > margin
        print(
            f"{name:44}{ratios[name]:>8.3f}{recorded[name]:>10.3f}"
            f"{worse - 1:>+10.0%}{margin - 1:>9.0%}"
        )
    if failed:
        raise SystemExit("The service has become slower")


def _ratios(measured: list[Measured]) -> Mapping[str, float]:
    """Ours divided by theirs; CPU and throughput with 8 clients."""
    found = {(one.contender, one.clients): one for one in measured}

    def ratio(name: str, clients: int, other: str) -> float:
        return statistics.median(
            getattr(our, name) / getattr(theirs, name)
            for our, theirs in zip(
                found["ours", clients].rounds, found[other, clients].rounds, strict=True
            )
        )

    return {
        "CPU per request, of FastAPI's": ratio("cpu_ms", 8, "fastapi"),
        "requests per second, of FastAPI's": ratio("per_second", 8, "fastapi"),
        "requests per second, of the bare INSERT's": ratio("per_second", 8, "limit"),
        "p50 with one client, of the bare INSERT's": ratio("p50_ms", 1, "limit"),
    }


def _worse(name: str, now: float, recorded: float) -> float:
    """How many times worse: of throughput more is better, of everything else less."""
    return recorded / now if name.startswith("requests") else now / recorded

"""Runs `st` (https://schemathesis.readthedocs.io) against the running service."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CONFIGURATION = Path(__file__).parent / "schemathesis.toml"

# Operation, such as `POST /v1/chat/sessions`, and status → answers.
Counts = Counter[tuple[str, int]]


@dataclass
class Run:
    """The result of a run: `report` tells each fault and how to reproduce it."""

    has_faults: bool
    report: str
    counts: Counts


def fuzz(url: str, api_keys: Sequence[str], *arguments: str) -> Run:
    """Send what the schema allows, and what it does not, to every operation at `url`.

    `api_keys` are of different users, for whatever is done to them; `arguments` go to `st run`.
    """
    with tempfile.TemporaryDirectory(prefix="gatewayz-fuzz-") as folder:
        counts = Path(folder, "counts.json")
        environ = {
            "FUZZ_KEYS": ",".join(api_keys),
            "FUZZ_COUNTS": str(counts),
            "PYTHONPATH": str(CHECKOUT),
        }
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
                *("--config-file", str(CONFIGURATION), "run", f"{url}/v1/schema"),
                *arguments,
            ],
            cwd=folder,
            env=os.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        rows = json.loads(counts.read_text()) if counts.exists() else []
    return Run(
        has_faults=finished.returncode != 0,
        report=finished.stdout,
        counts=Counter({(label, status): count for label, status, count in rows}),
    )

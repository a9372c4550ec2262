"""How long an append takes through each client and adapter, against httpx and fetch alone.

`python -m benchmarks clients` prints the medians and their ratios. It needs the registries of
Python and npm once, for the frameworks.
"""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from accounts.keys import create_key
from accounts.models import Plan, User
from benchmarks.contenders import OURS
from benchmarks.measuring.servers import running
from tests.clients.environments import python_with
from tests.clients.typescript.node import NODE, built_package

EXTRAS = ("langchain", "llama-index", "openai-agents", "pydantic-ai")
# Not in production, where it answers only what a proxy says came by HTTPS.
SERVICE = replace(OURS, name="service")
PROGRAM = Path(__file__).with_name("appends") / "python.py"


def main() -> None:
    """Measure one framework after the other, each beside the bare request."""
    pythons = {extra: python_with(extra) for extra in EXTRAS}
    package = built_package()
    user = User.objects.create_user(
        "benchmark@example.com", plan=Plan.objects.get(name="Enterprise")
    )
    _, secret = create_key(user, key_name="benchmark")
    url = os.environ["DATABASE_URL"]
    with running([SERVICE], {SERVICE.name: secret}, database_url=url, processes=1, threads=0) as (
        one,
    ):
        environ = {
            **os.environ,
            "GATEWAYZ_URL": f"http://127.0.0.1:{one.port}",
            "GATEWAYZ_API_KEY": secret,
        }
        for extra, python in pythons.items():
            print(f"Python with {extra}", flush=True)
            subprocess.run([python, PROGRAM], env=environ, check=True)
        print("Node.js", flush=True)
        subprocess.run([NODE, "test/append-times.mjs"], cwd=package, env=environ, check=True)

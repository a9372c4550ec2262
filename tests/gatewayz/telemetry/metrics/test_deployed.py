"""The files for Prometheus and Grafana in deploy/, held against what a scrape really has."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from tests.gatewayz.telemetry.metrics.scrapes import Scrape

DEPLOY = Path(__file__).resolve().parents[4] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
DASHBOARD = json.loads((DEPLOY / "grafana" / "gatewayz.json").read_text())
TOKEN = "a-token-of-prometheus"

# Prometheus makes it itself.
OWN = {"up"}
METRIC = re.compile(r"\b(?:http_[a-z_]+|gatewayz_[a-z_]+|up)\b(?!\s*\()")
LABELS = re.compile(r"\{[^{}]*\}|\bby \([^)]*\)|\bwithout \([^)]*\)")

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool is missing: it comes with Debian's package prometheus",
)


@pytest.fixture
def names(api, settings):
    settings.METRICS_TOKEN = TOKEN
    api.post_json("/v1/chat/sessions", {})
    api.get("/v1/chat/sessions")
    Client().get("/v1/chat/sessions")
    response = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    return Scrape(response.content.decode()).names | OWN


def metrics_of(text):
    return set(METRIC.findall(LABELS.sub("", text)))


def expressions():
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


def rules():
    text = (PROMETHEUS / "alerts.yml").read_text()
    return re.findall(r"expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", text)


def test_the_dashboard_shows_only_metrics_that_exist(names):
    used = metrics_of("\n".join(expressions()))

    assert len(used) > 20
    assert used - names == set()


def test_the_dashboard_shows_every_metric(names):
    # A histogram shows by its buckets and counts.
    families = {name for name in names if not name.endswith(("_sum", "_created"))} - OWN
    used = metrics_of("\n".join(expressions()))

    assert {
        name
        for name in families - used
        if not (name.endswith("_count") and name.replace("_count", "_bucket") in used)
    } == set()


def test_no_two_panels_share_an_id_or_a_position():
    panels = DASHBOARD["panels"]
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_the_rules_watch_only_metrics_that_exist(names):
    found = rules()
    used = metrics_of("\n".join(block or line for block, line in found))

    assert len(found) == (PROMETHEUS / "alerts.yml").read_text().count("- alert:")
    assert used - names == set()


def test_every_metric_is_explained(names):
    text = (DEPLOY.parent / "docs" / "metrics.md").read_text()
    families = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in names} - OWN

    assert {name for name in families if f"`{name}" not in text} == set()


@promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
    ],
    ids=" ".join,
)
def test_promtool_accepts_the_rules(arguments):
    result = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True
    )

    assert result.returncode == 0, result.stdout + result.stderr


@promtool
def test_the_expressions_of_the_dashboard_are_valid_promql(tmp_path):
    groups = {
        "groups": [
            {
                "name": "dashboard",
                "rules": [
                    {
                        "record": f"panel:{number}",
                        "expr": expression.replace("$__rate_interval", "5m"),
                    }
                    for number, expression in enumerate(expressions())
                ],
            }
        ]
    }
    (tmp_path / "dashboard.yml").write_text(json.dumps(groups))  # JSON is YAML

    result = subprocess.run(
        ["promtool", "check", "rules", "dashboard.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stdout + result.stderr

"""Dockerfile, compose.yaml, Kubernetes manifests and systemd units say what they should."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from granian.cli import cli

CHECKOUT = Path(__file__).resolve().parents[2]
DEPLOY = CHECKOUT / "deploy"
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
OF_THE_SERVICE = ("web", "worker", "migrate")

# Read by others than the service, or by Python itself.
OTHERS = {"PATH", "PYTHONUNBUFFERED"}


def documents() -> Iterator[dict[str, Any]]:
    """Every Kubernetes object."""
    for file in KUBERNETES:
        if file.name != "kustomization.yaml":
            yield from yaml.safe_load_all(file.read_text())


def pods() -> dict[str, dict[str, Any]]:
    """The specifications of pods, by component."""
    return {
        one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"][
            "template"
        ]["spec"]
        for one in documents()
        if one["kind"] in {"Deployment", "Job"}
    }


# --- Environment ---------------------------------------------------------------------------------


def known_variables() -> set[str]:
    """The variables that the settings document, and those of granian."""
    settings = (CHECKOUT / "gatewayz" / "settings.py").read_text()
    ours = set(re.findall(r"^# ([A-Z][A-Z_]+)(?: \(.*\))?:", settings, re.MULTILINE))
    granians = {str(one.envvar or f"GRANIAN_{one.name}".upper()) for one in cli.params}
    return ours | granians | OTHERS


def variables_in_use() -> dict[str, set[str]]:
    """By file, the variables that it gives to the service."""
    used = {
        "Dockerfile": set(
            re.findall(r"^(?:ENV|   ) ([A-Z_0-9]+)=", DOCKERFILE.split("USER")[0], re.MULTILINE)
        )
        - {"PIP_DISABLE_PIP_VERSION_CHECK", "REDIS_URL"},
        "compose.yaml": {
            name
            for service in OF_THE_SERVICE
            for name in COMPOSE["services"][service]["environment"]
        },
        "configmap.yaml": {
            name for one in documents() if one["kind"] == "ConfigMap" for name in one["data"]
        },
        "migrate.yaml": {one["name"] for one in pods()["migrate"]["containers"][0]["env"]},
    }
    for unit in UNITS:
        text = unit.read_text()
        lines = re.findall(r"^Environment=(.*)$|/usr/bin/env (\S+)", text, re.MULTILINE)
        used[unit.name] = {
            pair.partition("=")[0] for line in lines for pair in "".join(line).split()
        }
    return used


@pytest.mark.parametrize(("file", "names"), list(variables_in_use().items()))
def test_every_variable_is_one_of_the_settings(file, names):
    assert names
    assert names - known_variables() == set()


def test_the_example_has_every_variable_that_compose_needs():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (CHECKOUT / "compose.yaml").read_text()))
    example = (DEPLOY / "compose.env.example").read_text()

    # The secret is taken from the same file.
    settable = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert settable == asked | {"METRICS_TOKEN", "COMPOSE_PROFILES"}


# --- Compose -------------------------------------------------------------------------------------


def test_the_caddy_of_compose_drops_headers_with_underscores():
    image, _, tag = COMPOSE["services"]["proxy"]["image"].partition(":")
    version = tuple(int(number) for number in tag.removesuffix("-alpine").split("."))

    assert image == "caddy"
    assert version >= (2, 11, 4)


def test_compose_has_all_parts_and_each_waits_for_its_dependencies():
    services = COMPOSE["services"]

    assert set(services) == {
        *OF_THE_SERVICE,
        *("proxy", "postgres", "pgbouncer", "redis", "prometheus", "grafana"),
        *("citus-worker-1", "citus-worker-2"),
    }
    assert {name for name in services if "profiles" in services[name]} == {
        "citus-worker-1",
        "citus-worker-2",
    }
    for name in ("web", "worker"):
        needs = services[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert needs["redis"]["condition"] == "service_healthy"
        assert "@pgbouncer:" in services[name]["environment"]["DATABASE_URL"]
        assert services[name]["environment"]["DATABASE_POOLER"] == "transaction"
    migrate = services["migrate"]
    assert "@postgres:" in migrate["environment"]["DATABASE_URL"]
    assert migrate["environment"]["DATABASE_POOLER"] == "none"


def test_every_file_that_compose_uses_exists():
    services = COMPOSE["services"].values()
    mounted = [one.split(":")[0] for service in services for one in service.get("volumes", [])]
    files = [one for one in mounted if one.startswith("./")]

    assert files
    assert [one for one in files if not (CHECKOUT / one).exists()] == []
    assert (DEPLOY / "pgbouncer" / "Dockerfile").exists()


def test_containers_are_read_only():
    for name in OF_THE_SERVICE:
        service = COMPOSE["services"][name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


# --- Image ---------------------------------------------------------------------------------------


def test_the_image_does_not_run_as_root_and_stops_on_a_signal():
    assert re.search(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)[1] != "0"
    assert "/healthz" in DOCKERFILE
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE


def test_every_stage_of_the_image_uses_one_pinned_base():
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert re.fullmatch(r"python:[\d.]+-slim-bookworm@sha256:[0-9a-f]{64}", bases[0])
    assert set(bases[1:]) == {"base"}


def test_the_image_installs_only_pinned_packages():
    installs = re.findall(r"pip install .*", DOCKERFILE)

    assert len(installs) == 2
    assert all("--require-hashes" in line for line in installs)
    for fetches in ("apt-get", "curl", "wget", "git clone", "ADD "):
        assert fetches not in DOCKERFILE


def test_the_image_contains_no_build_time():
    stages = re.split(r"^FROM .*", DOCKERFILE, flags=re.MULTILINE)[1:]

    assert all("ARG SOURCE_DATE_EPOCH=" in stage for stage in stages if "RUN" in stage)
    # Bytecode would hold the time of its source: it is compiled once, for all packages.
    assert all("--no-compile" in line for line in re.findall(r"pip install .*", DOCKERFILE))
    assert "--invalidation-mode unchecked-hash" in DOCKERFILE


def test_the_image_has_every_package_and_no_tests():
    ignored = (CHECKOUT / ".dockerignore").read_text().split()
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}

    assert {"gatewayz", "accounts", "adoption", "chat", "manage.py"} <= sources
    assert "*" in ignored
    assert {f"!{source}" for source in sources} == {one for one in ignored if one[0] == "!"}


# --- Kubernetes ----------------------------------------------------------------------------------


def test_the_kustomization_names_every_file_but_the_job():
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    files = {file.name for file in KUBERNETES}

    assert files - set(kustomization["resources"]) == {"kustomization.yaml", "migrate.yaml"}


@pytest.mark.parametrize(("name", "pod"), list(pods().items()))
def test_pods_have_no_needless_rights(name, pod):
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]


def test_a_pod_gets_enough_time_to_finish():
    web, worker = pods()["web"], pods()["worker"]
    kill_timeout = int(re.search(r"GRANIAN_WORKERS_KILL_TIMEOUT=(\d+)", DOCKERFILE)[1])
    pause = int(web["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])

    assert web["terminationGracePeriodSeconds"] > pause + kill_timeout
    assert worker["terminationGracePeriodSeconds"] > 60
    assert int(COMPOSE["services"]["web"]["stop_grace_period"].rstrip("s")) > kill_timeout


def test_selectors_find_their_pods():
    labels = {"app.kubernetes.io/component": {"web", "worker", "migrate"}}
    for one in documents():
        spec = one.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector") or {}
        chosen = selector.get("matchLabels", selector if one["kind"] == "Service" else {})
        for label, value in chosen.items():
            assert value in labels[label]


# --- systemd -------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_accepts_the_units(tmp_path):
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("granian", "python"):
        (programs / name).touch(mode=0o755)
    units = []
    for unit in UNITS:
        # systemd-analyze wants an instance of a template.
        copy = tmp_path / unit.name.replace("@", "@1")
        copy.write_text(unit.read_text().replace("/opt/gatewayz", str(tmp_path)))
        units.append(copy)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )

    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert ours == []
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_units_have_a_low_exposure_score(unit, tmp_path):
    copy = tmp_path / unit.name.replace("@", "@1")
    copy.write_text(unit.read_text())
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", copy],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout[-500:]

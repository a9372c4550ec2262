"""Generators of clients take the description of the API whole, and find nothing to warn of."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.typescript.node import NODE, built_package, run
from tests.openapi import operations, read_schema

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SCHEMA = read_schema()
SCHEMAS = SCHEMA["components"]["schemas"]
OPERATION_IDS = {operation["operationId"] for operation in operations(SCHEMA).values()}
# openapi-python-client has to be told of them.
CONTENT_TYPES = dict.fromkeys(
    ("application/x-ndjson", "application/zip"), "application/octet-stream"
)


@pytest.fixture(scope="module")
def package() -> Path:
    return built_package()


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("description") / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    return path


def test_operation_ids_are_a_verb_or_noun_in_camel_case_and_no_longer_than_a_name():
    assert [
        name for name in OPERATION_IDS if not re.fullmatch(r"[a-z]+([A-Z][a-z]+){1,4}", name)
    ] == []


def test_openapi_typescript_gives_each_operation_and_schema_a_type(package, description, tmp_path):
    made = tmp_path / "made.ts"
    command = [NODE, "node_modules/openapi-typescript/bin/cli.js", description, "-o", made]
    printed = run(command, package)

    assert "warn" not in printed.lower()
    assert named_in(made, r"^    (\w+): \{$") >= {plain(name) for name in OPERATION_IDS}
    assert named_in(made, r"^        (\w+): ") >= {plain(name) for name in SCHEMAS}
    # An object without any field is one of which the description says nothing.
    nothing = [line for line in made.read_text().splitlines() if "Record<string, never>" in line]
    assert [line for line in nothing if not line.startswith("export type")] == []


def test_hey_api_gives_each_operation_a_function_and_each_schema_a_type(
    package, description, tmp_path
):
    command = [NODE, "node_modules/@hey-api/openapi-ts/bin/run.js", "-i", description]
    printed = run([*command, "-o", tmp_path], package)

    assert "warn" not in printed.lower()
    functions = named_in(tmp_path / "sdk.gen.ts", r"^export const (\w+) =")
    assert functions == {plain(name) for name in OPERATION_IDS}
    types = named_in(tmp_path / "types.gen.ts", r"^export type (\w+) =")
    assert types >= {plain(name) for name in SCHEMAS}


def test_openapi_python_client_gives_each_operation_a_module_and_each_schema_a_model(
    description, tmp_path
):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"content_type_overrides": CONTENT_TYPES, "post_hooks": []}))
    made = tmp_path / "made"
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"),
            *("--path", description, "--output-path", made, "--config", config),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    modules = {plain(path.stem) for path in made.glob("*/api/*/[a-z]*.py")}
    assert modules == {plain(name) for name in OPERATION_IDS}
    models = {plain(path.stem) for path in made.glob("*/models/[a-z]*.py")}
    assert models >= {plain(name) for name, one in SCHEMAS.items() if "properties" in one}


def plain(name: str) -> str:
    """A name that generators spell in their own way."""
    return name.replace("_", "").lower()


def named_in(made: Path, pattern: str) -> set[str]:
    return {plain(name) for name in re.findall(pattern, made.read_text(), re.MULTILINE)}

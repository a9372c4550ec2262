"""The TypeScript client: its own tests, against a service, and what its package holds."""

import json
from pathlib import Path

import pytest

from accounts.keys import create_key
from accounts.models import Plan, User
from tests.clients.typescript.node import NODE, SOURCE, built_package, npm, run
from tests.openapi import read_schema
from tests.web import web_process

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def package() -> Path:
    return built_package()


@pytest.mark.django_db(transaction=True)
def test_the_tests_of_the_package_pass_against_a_service(package: Path):
    user = User.objects.create_user("ada@example.com", plan=Plan.objects.get(name="Enterprise"))
    _, secret = create_key(user, key_name="first")
    with web_process(CORS_ALLOWED_ORIGINS="https://app.example.com") as port:
        run(
            [NODE, "--test", "--test-concurrency=1", "test/*.test.ts"],
            package,
            GATEWAYZ_URL=f"http://127.0.0.1:{port}",
            GATEWAYZ_API_KEY=secret,
        )


def test_the_tests_of_the_package_are_strictly_typed(package: Path):
    run([NODE, "node_modules/typescript/bin/tsc", "-p", "test"], package)


def test_the_types_are_those_of_the_description_of_the_api(package: Path, tmp_path: Path):
    """When this fails: `make run`, and in clients/typescript `npm ci` and `npm run schema`."""
    (tmp_path / "schema.json").write_text(json.dumps(read_schema()))
    run([NODE, "schema.mjs", tmp_path / "schema.json", tmp_path / "schema.ts"], package)

    assert without_comments(tmp_path / "schema.ts") == without_comments(SOURCE / "src/schema.ts")


def without_comments(types: Path) -> list[str]:
    """The lines of a file that say anything to the compiler: words may differ."""
    lines = (line.strip() for line in types.read_text().splitlines())
    return [line for line in lines if line and not line.startswith(("/**", "*", "//"))]


def test_the_package_holds_both_kinds_of_modules_and_needs_no_other(package: Path):
    (packed,) = json.loads(
        npm(package, "pack", "--dry-run", "--json", "--ignore-scripts", "--silent")
    )
    names = {file["path"] for file in packed["files"]}
    manifest = json.loads((package / "package.json").read_text())

    for entry in manifest["exports"].values():
        for kind in entry.values() if isinstance(entry, dict) else ():
            assert {path.removeprefix("./") for path in kind.values()} <= names
    assert {"LICENSE", "README.md", "dist/cjs/package.json"} <= names
    assert not [name for name in names if name.startswith(("test/", "node_modules/"))]
    assert "dependencies" not in manifest
    assert manifest["sideEffects"] is False
    assert json.loads((SOURCE / "package-lock.json").read_text())["version"] == manifest["version"]


def test_the_packed_package_resolves_for_every_kind_of_import(package: Path, tmp_path: Path):
    npm(package, "pack", "--ignore-scripts", "--silent", "--pack-destination", str(tmp_path))
    (packed,) = tmp_path.iterdir()

    run([NODE, "node_modules/publint/src/cli.js", packed, "--strict"], package)
    # `node16`: Node.js knows `exports` in each version that the client runs on.
    attw = "node_modules/@arethetypeswrong/cli/dist/index.js"
    run([NODE, attw, packed, "--profile", "node16"], package)


@pytest.mark.parametrize(
    ("program", "max_bytes"),
    [
        ("await new gatewayz.Gatewayz('key').chat.createSession()", 11_000),
        ("console.log(gatewayz.NotFoundError)", 600),
    ],
)
def test_a_bundle_holds_only_what_is_used(package: Path, tmp_path: Path, program, max_bytes):
    # Found as an installed package is, by its `exports`.
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "gatewayz-client").symlink_to(package)
    source = tmp_path / "program.mjs"
    source.write_text(f"import * as gatewayz from 'gatewayz-client';\n{program};\n")
    esbuild = [NODE, package / "node_modules" / "esbuild" / "bin" / "esbuild", source]
    made = run([*esbuild, "--bundle", "--minify", "--format=esm", "--log-level=error"], tmp_path)

    assert 0 < len(made.encode()) < max_bytes

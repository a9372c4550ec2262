"""The packages of the Python client: built, checked as the index checks them, and read."""

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import gatewayz_client
import pytest

from tests.clients.environments import CLIENT


def run(*arguments: str | Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it, without an environment of their own."""
    folder = tmp_path_factory.mktemp("dist")
    run("build", "--no-isolation", "--outdir", folder, CLIENT)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def test_twine_finds_nothing_to_warn_of(built):
    run("twine", "check", "--strict", *built)


def test_the_wheel_has_every_module_the_mark_of_types_and_the_licence(built):
    _, wheel = built
    source = CLIENT / "src"
    info = f"gatewayz_client-{gatewayz_client.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
        licence = archive.read(f"{info}/licenses/LICENSE")

    modules = {str(path.relative_to(source)) for path in source.rglob("*.py")}
    assert {name for name in names if not name.startswith(info)} == {
        *modules,
        "gatewayz_client/py.typed",
    }
    assert licence == (CLIENT / "LICENSE").read_bytes()
    assert metadata["Version"] == gatewayz_client.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    assert [name for name in metadata.get_all("Requires-Dist") if "extra ==" not in name] == [
        "httpx>=0.27",
        "typing-extensions>=4.6; python_version < '3.11'",
    ]


def test_the_source_distribution_has_all_that_a_wheel_is_built_of(built):
    sdist, _ = built
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"} <= names
    assert "src/gatewayz_client/py.typed" in names

"""Every command of the documentation is run, in a fresh clone, in the order of its page."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

from docs.site.fences import Block, blocks
from tests.docs.runner import Reader, parsed, reader, same_shape
from tests.gatewayz.processes import CHECKOUT
from tests.ports import free_port

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
SHELLS = {"sh", "bash", "shell", "console"}

START = Block("sh", "make run\n", 0, {"keeps-running": "Ctrl-C stops everything."})


def commands(page: Path) -> list[Block]:
    return [block for block in blocks(page.read_text()) if block.language == "sh"]


@pytest.fixture(scope="module")
def someone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with reader(tmp_path_factory.mktemp("docs"), free_port()) as someone:
        yield someone


WITH_COMMANDS = [
    page for page in PAGES if any("no-test" not in block.marks for block in commands(page))
]


@pytest.mark.long
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_the_commands_of_a_page_work_and_print_what_is_shown(someone: Reader, page: Path):
    installed = [block for block in commands(page) if "installs" in block.marks]
    expect_commands_to_work(
        someone, page, [block for block in commands(page) if block not in installed]
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any("installs" in block.marks for block in commands(page))],
    ids=lambda page: page.name,
)
def test_commands_that_fetch_packages_work_too(someone: Reader, page: Path):
    expect_commands_to_work(someone, page, commands(page))


def expect_commands_to_work(someone: Reader, page: Path, chosen: list[Block]) -> None:
    everything = list(blocks(page.read_text()))
    for ran in someone.read([START, *chosen]):
        assert ran.code == 0, f"{page.name}:{ran.block.line}\n{ran.output}{ran.errors}"
        following = everything[everything.index(ran.block) + 1 :]
        if following and following[0].language == "json":
            shown = json.loads(following[0].text)
            assert same_shape(shown, parsed(ran.output)), f"{page.name}:{ran.block.line}"
    for block in everything:
        if not shutil.which(program := block.marks.get("needs", "bash")):
            pytest.skip(f"there is no {program} on this machine; the other commands work")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_cannot_be_run_here_say_why_and_are_valid_shell(page: Path):
    for block in blocks(page.read_text()):
        assert block.language not in SHELLS - {"sh"}, f"{page.name}:{block.line}: write sh"
        if block.language == "sh":
            assert all(reason.strip() for reason in block.marks.values())
            checked = subprocess.run(
                ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
            )
            assert checked.stderr == "", f"{page.name}:{block.line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_targets_and_files_named_in_the_text_exist(page: Path):
    text = page.read_text()
    targets = re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    modules = re.findall(r"python -m (benchmarks|gatewayz\.\w+|tests\.[\w.]+)", text)

    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= get_commands().keys()
    assert set(re.findall(r"`(?:[A-Z_]+=\S+ )?make ([a-z-]+)", text)) <= set(targets)
    for module in modules:
        path = CHECKOUT / module.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), module
    for path in re.findall(
        r"`((?:gatewayz|accounts|adoption|chat|tests|deploy|docs|clients)/[^`*…]*)`", text
    ):
        assert (CHECKOUT / path.split("::")[0]).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_in_other_languages_is_valid(page: Path):
    for block in blocks(page.read_text()):
        if block.language == "python":
            compile(block.text, page.name, "exec")
        elif block.language == "json":
            json.loads(block.text)


def test_a_page_runs_each_example():
    text = (CHECKOUT / "docs" / "clients.md").read_text()
    run = "".join(block.text for block in blocks(text) if "no-test" not in block.marks)

    examples = [path.name for path in (CHECKOUT / "clients" / "examples").iterdir()]
    assert [name for name in examples if f"clients/examples/{name}" not in run] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_has_a_block_without_a_language(page: Path):
    fences = [line for line in page.read_text().splitlines() if line.startswith("```")]
    opened = fences[::2]

    assert [line for line in opened if line == "```"] == []

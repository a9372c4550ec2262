"""The reference of the settings, from the comments in gatewayz/settings.py."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SETTINGS = Path(__file__).resolve().parents[2] / "gatewayz" / "settings.py"

INTRODUCTION = """\
# Settings

Everything is set by environment variables. In development each has a default; with
`GATEWAYZ_ENV=production` the process says what is missing or weak, and does not start. Lists are
separated by commas; on and off are `true` and `false`.
"""

_SECTION = re.compile(r"# --- (.+?) -+$")
_NAME = re.compile(r"^([A-Z][A-Z0-9_]+)(?: \(([^)]*)\))?: ")
_NEXT_NAME = re.compile(r"; (?=[A-Z][A-Z0-9_]{3,}: )")


@dataclass(frozen=True)
class Setting:
    """`default` is the Python expression of it, None where there is none."""

    name: str
    section: str
    text: str
    default: str | None


def settings(source: str) -> list[Setting]:
    """The documented variables of a settings module, in its order."""
    defaults = read_variables(source)
    return [
        Setting(name, section, text, defaults.get(name))
        for section, comment in _comments(source)
        for name, text in _documented(comment)
    ]


def read_variables(source: str) -> dict[str, str | None]:
    """The variables that a settings module reads, with the expressions of their defaults."""
    return {
        str(call.args[0].value): next(
            (ast.unparse(word.value) for word in call.keywords if word.arg == "default"), None
        )
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and re.fullmatch(r"env(\.\w+)?|_secrets", ast.unparse(call.func))
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def page() -> str:
    """The page, in Markdown."""
    parts = [INTRODUCTION]
    section = ""
    for setting in settings(SETTINGS.read_text()):
        if setting.section != section:
            section = setting.section
            parts.append(f"## {section}\n")
        parts.append(f"### {setting.name}\n")
        parts.append(f"{setting.text}\n")
        if default := _as_given(setting.default):
            parts.append(f"Default: `{default}`\n")
    return "\n".join(parts)


def _as_given(expression: str | None) -> str:
    """A default as it would be written in the environment, where it is as simple as that."""
    try:
        default = ast.literal_eval(expression or "''")
    except ValueError:
        return str(expression)
    if isinstance(default, bool):
        return str(default).lower()
    return str(default or "") if default != 0 else "0"


def _comments(source: str) -> Iterator[tuple[str, str]]:
    """Each comment that stands on its own lines, as one line, with the section that it is in."""
    section = "The process"
    lines: list[str] = []
    for line in [*source.splitlines(), ""]:
        text = line.strip()
        if heading := _SECTION.match(text):
            section = heading[1]
        elif text.startswith("# "):
            lines.append(text.removeprefix("# "))
        elif lines:
            yield section, " ".join(lines)
            lines = []


def _documented(comment: str) -> Iterator[tuple[str, str]]:
    """The names that a comment documents, each with its text."""
    for part in _NEXT_NAME.split(comment):
        if match := _NAME.match(part):
            text = part[match.end() :]
            sentence = text[0].upper() + text[1:]
            if not sentence.endswith("."):
                sentence += "."
            yield match[1], f"{sentence} ({match[2].capitalize()}.)" if match[2] else sentence

"""The reference of the commands, from manage.py's own help."""

from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator

from django.core.management import BaseCommand, get_commands, load_command_class

APPLICATIONS = ("accounts", "adoption", "chat", "gatewayz")

INTRODUCTION = """\
# Commands

`.venv/bin/python manage.py COMMAND` in a checkout. While `make run` is up they work on its
servers, else on those of `DATABASE_URL` and `REDIS_URL`. Django's own (`migrate`, `check`,
`createsuperuser`) are there too; `make help` lists what else a checkout can do.
"""


def page() -> str:
    """The page, in Markdown."""
    parts = [INTRODUCTION]
    for name, application in sorted(get_commands().items()):
        if application in APPLICATIONS:
            command = load_command_class(application, name)
            parser = command.create_parser("manage.py", name)
            parts += [f"## {name}\n", f"{command.help}\n", *_arguments(parser)]
    return "\n".join(parts)


def _arguments(parser: ArgumentParser) -> Iterator[str]:
    rows = [row for action in parser._actions if action.dest not in _BASE for row in _rows(action)]
    if rows:
        yield "\n".join(["| argument | |", "|---|---|", *rows]) + "\n"


def _rows(action: Action) -> Iterator[str]:
    if isinstance(action, _SubParsersAction):
        for choice in action._choices_actions:
            parameters = [
                a.dest.upper() for a in action.choices[choice.dest]._positionals._group_actions
            ]
            yield f"| `{' '.join([choice.dest, *parameters])}` | {choice.help} |"
        return
    value = action.metavar or (
        "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
    )
    words = [action.option_strings[-1]] if action.option_strings else []
    if action.nargs != 0:
        words.append(str(value))
    text = (action.help or "") % {**vars(action)}
    yield f"| `{' '.join(words).replace('|', '&#124;')}` | {text} |"


_BASE = {action.dest for action in BaseCommand().create_parser("manage.py", "")._actions}

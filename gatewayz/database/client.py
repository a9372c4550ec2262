"""Finds psql for `manage.py dbshell`."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError
from django.db.backends.postgresql import client

from gatewayz.database.programs import ProgramError, program


class DatabaseClient(client.DatabaseClient):
    """Django's client, which also finds a psql that is not on PATH."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Any
    ) -> tuple[list[str], dict[str, str] | None]:
        arguments, environ = super().settings_to_cmd_args_env(settings_dict, parameters)
        try:
            return [program(cls.executable_name), *arguments[1:]], environ
        except ProgramError as error:
            raise CommandError(str(error)) from None

    def runshell(self, parameters: Iterable[str]) -> None:
        """Start psql. Raises OperationalError where no server answers, as other commands do."""
        self.connection.ensure_connection()
        self.connection.close()
        super().runshell(parameters)

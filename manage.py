#!/usr/bin/env python
"""Django's command line for Gatewayz."""

import os
import sys


def main() -> None:
    """Run the command that the arguments name.

    A service that does not run yet is no fault of the code: one line says what to do.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatewayz.settings")
    try:
        from django.core.management import execute_from_command_line

        from gatewayz.management.setup_advice import advice
    except ModuleNotFoundError as error:
        sys.exit(
            f"manage.py: there is no {error.name} here: run `make run`, then .venv/bin/python"
        )
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        text = None if "--traceback" in sys.argv else advice(error)
        if text is None:
            raise
        sys.exit(f"manage.py: {text}")


if __name__ == "__main__":
    main()

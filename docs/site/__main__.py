"""python -m docs.site: the documentation as web pages, in build/docs.

A link that leads nowhere is an error. The pages of the reference are made from the code as it is;
those in docs/reference are for people who read the repository.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import django

from docs.site.fences import without_marks

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCE = CHECKOUT / "build" / "docs-source"


def main() -> int:
    """Build it. Returns the exit code of zensical, which says what is wrong."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    (SOURCE / "reference").mkdir(parents=True)
    for page in (CHECKOUT / "docs").glob("*.md"):
        (SOURCE / page.name).write_text(without_marks(page.read_text()))
    for picture in (CHECKOUT / "docs").glob("*.png"):
        shutil.copyfile(picture, SOURCE / picture.name)
    for name, text in _reference().items():
        (SOURCE / "reference" / f"{name}.md").write_text(text)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode


def _reference() -> dict[str, str]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatewayz.settings")
    django.setup()
    # They can be imported only once Django is set up.
    from docs.site import api_reference, command_reference, settings_reference

    modules = {
        "api": api_reference,
        "commands": command_reference,
        "settings": settings_reference,
    }
    return {name: module.page() for name, module in modules.items()}


if __name__ == "__main__":
    sys.exit(main())

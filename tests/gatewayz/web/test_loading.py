"""The modules that a web process loads before it reports that it is ready."""

import subprocess
import sys

from tests.gatewayz.processes import CHECKOUT

SHOW_LATE_MODULES = """
import sys
from gatewayz.wsgi import application
before = set(sys.modules)
from django.test import RequestFactory
for path in ("/healthz", "/v1/chat/sessions"):
    application(RequestFactory().get(path).environ, lambda *_: None).close()
print(*sorted(name for name in set(sys.modules) - before if name.startswith(OURS)))
"""


def test_the_first_request_loads_no_module_of_ours():
    code = SHOW_LATE_MODULES.replace("OURS", repr(("accounts", "adoption", "chat", "gatewayz")))
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )

    assert shown.stdout.split() == []

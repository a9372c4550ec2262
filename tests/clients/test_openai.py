"""OpenAI's own client, unmodified, with this service as its `base_url`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from accounts.keys import create_key
from accounts.models import User
from tests.web import web_process

# The Agents SDK brings the client.
PACKAGES = ("openai==3.57.0", "openai-agents==0.24.0")
SCRIPT = Path(__file__).with_name("openai_conversation.py")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with OpenAI's packages, which are none of ours."""
    folder = tmp_path_factory.mktemp("openai")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-input", "--retries=1", *PACKAGES]
    if subprocess.run(install, stdin=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("OpenAI's packages cannot be downloaded")
    return python


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_openais_client_keeps_a_conversation(python):
    user = User.objects.create_user("ada@example.com")
    _, secret = create_key(user, key_name="first")
    with web_process() as port:
        ran = subprocess.run(
            [python, SCRIPT],
            env={
                **os.environ,
                "GATEWAYZ_API_KEY": secret,
                "GATEWAYZ_URL": f"http://127.0.0.1:{port}",
                "OPENAI_AGENTS_DISABLE_TRACING": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert ran.returncode == 0, ran.stderr

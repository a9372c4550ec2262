"""The Python examples of the documentation, run as they are, except for key and address."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from chat.models import ChatMessage, ChatSession
from docs.site.fences import Block, blocks
from tests.clients.environments import python_with, run, service
from tests.gatewayz.processes import CHECKOUT

PAGES = [CHECKOUT / name for name in ("README.md", "docs/clients.md", "clients/python/README.md")]
EXAMPLES = [
    (f"{page.relative_to(CHECKOUT)}:{block.line}", block)
    for page in PAGES
    for block in blocks(page.read_text())
    if block.language == "python"
]


def extra_of(block: Block) -> str:
    """The extra of our client that a block needs; some need none, but any will do."""
    named = re.search(r"from gatewayz_client\.(\w+) import", block.text)
    return named[1].replace("_", "-") if named else "openai-agents"


class ModelOfOpenAI(BaseHTTPRequestHandler):
    """Says the same to everybody."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        text = {"type": "output_text", "text": "In Rome.", "annotations": []}
        said = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        answer = {"id": "resp_1", "object": "response", "output": [{**said, "content": [text]}]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def model_of_openai() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), ModelOfOpenAI) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.mark.long
@pytest.mark.timeout(1200)  # it may have to make four environments
@pytest.mark.django_db(transaction=True)
def test_each_example_keeps_a_chat(tmp_path):
    pythons = {extra: python_with(extra) for extra in {extra_of(block) for _, block in EXAMPLES}}
    program = tmp_path / "example.py"
    with service() as environ, model_of_openai() as url:
        environ |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "any"}
        for name, block in EXAMPLES:
            program.write_text(
                block.text.replace("gw_live_…", environ["GATEWAYZ_API_KEY"]).replace(
                    "http://127.0.0.1:8000", environ["GATEWAYZ_URL"]
                )
            )
            run(pythons[extra_of(block)], program, environ)
            questions = ChatMessage.objects.filter(role="user")
            assert [message.content for message in questions] == ["Where is it warm in May?"], name
            ChatSession.objects.all().delete()

"""A mail server and a webhook receiver that can misbehave."""

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.couriers import deliver_due


@contextmanager
def running(server):
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _SmtpHandler(socketserver.StreamRequestHandler):
    def handle(self):
        server = self.server
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            command = line.split()[0].upper() if line.split() else b""
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                message = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    message += part
                server.messages.append(message)
                if server.data_answer is None:
                    return
                self.wfile.write(server.data_answer + b"\r\n")
            elif command == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 fine\r\n")


@pytest.fixture
def smtp(settings):
    """A mail server; `data_answer` is its answer to a message, None hangs up instead."""

    class Server(socketserver.ThreadingTCPServer):
        messages = []
        data_answer = b"250 taken"

    Server.messages = []
    with running(Server(("127.0.0.1", 0), _SmtpHandler)) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        yield server


class _HookHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers, body))
        status, headers = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args):
        pass


class HookServer(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), _HookHandler)
        self.received = []
        self.answer = (204, {})
        self.url = f"http://127.0.0.1:{self.server_port}/hook?a=1"

    def bodies(self):
        return [json.loads(body) for _, _, body in self.received]


@pytest.fixture
def hook(settings):
    """A webhook receiver on an address that only this fixture allows."""
    settings.WEBHOOKS_TO_PRIVATE_NETWORKS = True
    with running(HookServer()) as server:
        yield server


@pytest.fixture
def work():
    """Deliver what is due."""
    return deliver_due

"""Traces, as a collector gets them from a web process and a worker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.faults.service import Service
from tests.gatewayz.processes import CHECKOUT
from tests.waiting import wait_until


@contextmanager
def collector() -> Iterator[tuple[str, list[Span]]]:
    """The address of an OTLP collector, and the spans that it has been sent."""
    spans: list[Span] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sent = ExportTraceServiceRequest()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.ParseFromString(body)
            for resource in sent.resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()


@pytest.fixture(scope="module")
def traced() -> Iterator[tuple[Service, list[Span]]]:
    with (
        collector() as (endpoint, spans),
        TemporaryDirectory(prefix="gatewayz-tracing-") as folder,
    ):
        service = Service(Path(folder) / "home")
        try:
            service.environ |= {
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
                "OTEL_BSP_SCHEDULE_DELAY": "100",
            }
            service.start_web()
            service.start_cluster()
            yield service, spans
        finally:
            service.stop()


def of_creation(spans: list[Span]) -> list[Span]:
    """The spans of the first trace that begins with a creation; empty before it is whole."""
    for request in list(spans):
        if request.name == "POST v1/chat/sessions":
            trace = [span for span in list(spans) if span.trace_id == request.trace_id]
            if any(span.name == "write activity" for span in trace):
                return trace
    return []


def test_request_sql_redis_and_task_share_a_trace(traced):
    service, spans = traced
    assert service.create_session()

    trace = wait_until(lambda: of_creation(spans))
    wait_until(lambda: len(of_creation(spans)) >= 5)
    trace = of_creation(spans)

    by_id = {span.span_id: span for span in trace}
    (request,) = [span for span in trace if not span.parent_span_id]
    (write,) = [span for span in trace if span.name == "write activity"]
    assert request.kind == Span.SPAN_KIND_SERVER
    assert by_id[write.parent_span_id] is request

    def calls_of(parent: Span) -> list[str]:
        """The SQL commands and Redis commands made within a span."""
        return [
            span.name
            for span in trace
            if span.parent_span_id == parent.span_id and span.kind == Span.SPAN_KIND_CLIENT
        ]

    assert calls_of(request).count("INSERT") == 1
    assert "EVALSHA" in calls_of(request)
    assert "WITH" in calls_of(write)


def test_no_span_contains_a_secret(traced):
    service, spans = traced
    assert service.create_session()
    service.answer("GET", "/v1/chat/share/a-secret-token")
    wait_until(lambda: any("share" in span.name for span in list(spans)))

    text = "\n".join(str(span) for span in list(spans))
    assert service.api_key not in text
    assert "a-secret-token" not in text
    assert "Chat 20" not in text


def test_polling_without_a_parent_span_is_not_traced(traced):
    service, spans = traced
    assert service.create_session()
    wait_until(lambda: of_creation(spans))

    roots = {span.kind for span in list(spans) if not span.parent_span_id}
    assert Span.SPAN_KIND_CLIENT not in roots


def test_missing_packages_are_named_when_tracing_is_on(tmp_path):
    (tmp_path / "opentelemetry.py").touch()  # found first, and with nothing in it

    result = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=CHECKOUT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "gatewayz.settings",
            "PYTHONPATH": f"{tmp_path}:{CHECKOUT}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        },
        capture_output=True,
        text=True,
    )

    assert result.returncode != 0
    last = result.stderr.splitlines()[-1]
    assert "requirements-tracing.txt" in last
    assert "opentelemetry" in last


def test_nothing_is_instrumented_without_an_endpoint():
    # redis-py loads the rest of OpenTelemetry by itself, where it is there.
    ours = ("opentelemetry.instrumentation", "opentelemetry.sdk.trace", "opentelemetry.exporter")
    code = (
        "import sys, django; django.setup(); import gatewayz.urls;"
        f"print([name for name in sys.modules if name.startswith({ours!r})])"
    )
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "gatewayz.settings"}
    environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT", None)

    result = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=environ, capture_output=True, text=True
    )

    assert result.stdout == "[]\n", result.stderr

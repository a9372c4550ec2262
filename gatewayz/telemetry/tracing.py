"""OpenTelemetry traces: request → SQL and Redis → task, as one trace.

Tracing is on when OTEL_EXPORTER_OTLP_ENDPOINT is set, and needs requirements-tracing.txt.
OpenTelemetry's own variables (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES,
OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_…) work as documented. When off, it costs one comparison.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

if settings.TRACING:
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
        from opentelemetry.instrumentation.redis import RedisInstrumentor
        from opentelemetry.sdk.resources import SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError as exc:
        raise ImproperlyConfigured(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {exc.name} is not installed: "
            "pip install --require-hashes -r requirements-tracing.txt, or unset it"
        ) from exc

    class _OnlyWithin(Sampler):
        """Drops client spans without a parent, such as a worker's polling of Redis."""

        def __init__(self, sampler: Sampler) -> None:
            self._sampler = sampler

        def should_sample(
            self,
            parent_context: Any,
            trace_id: int,
            name: str,
            kind: Any = None,
            *further: Any,
            **options: Any,
        ) -> SamplingResult:
            parent = trace.get_current_span(parent_context).get_span_context()
            if kind is trace.SpanKind.CLIENT and not parent.is_valid:
                return SamplingResult(Decision.DROP)
            return self._sampler.should_sample(
                parent_context, trace_id, name, kind, *further, **options
            )

        def get_description(self) -> str:
            return f"OnlyWithin({self._sampler.get_description()})"


# How many traces are linked to the span of a batch; OpenTelemetry keeps no more links.
MAX_LINKS = 128


def start() -> None:
    """Start to trace this process. Called once, before its middleware is loaded."""
    os.environ.setdefault("OTEL_SERVICE_NAME", "gatewayz")
    os.environ.setdefault("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", "healthz,readyz,metrics")
    provider = TracerProvider(
        resource=Resource.create({SERVICE_VERSION: settings.GATEWAYZ_VERSION})
    )
    provider.sampler = _OnlyWithin(provider.sampler)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(response_hook=_hide_path)
    PsycopgInstrumentor().instrument()
    RedisInstrumentor().instrument()
    _name_trace_in_log()


def _hide_path(span: Any, request: HttpRequest, response: HttpResponse) -> None:
    """Replace the path by the route: paths of public links are secrets."""
    route = f"/{request.resolver_match.route}" if request.resolver_match else "other"
    for name in ("http.url", "http.target", "url.path", "url.full"):
        if name in (span.attributes or {}):
            span.set_attribute(name, route)


def _name_trace_in_log() -> None:
    make = logging.getLogRecordFactory()

    def make_with_trace(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = trace.format_trace_id(context.trace_id)
            record.span_id = trace.format_span_id(context.span_id)
        return record

    logging.setLogRecordFactory(make_with_trace)


def traceparent() -> str:
    """Return the current span as a traceparent header; "" when nothing is traced.

    Another process passes it to `continued`. See https://www.w3.org/TR/trace-context/.
    """
    if not settings.TRACING:
        return ""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def continued(name: str, traceparents: Iterable[str]) -> Iterator[None]:
    """Trace the block as span `name`, which continues the traces of `traceparents`.

    The span belongs to the first trace and is linked to at most MAX_LINKS others.
    """
    if not settings.TRACING:
        yield
        return
    first, *others = [_context(one) for one in _distinct(traceparents)] or [None]
    links = [
        trace.Link(trace.get_current_span(other).get_span_context())
        for other in others[:MAX_LINKS]
    ]
    tracer = trace.get_tracer(__name__)
    with tracer.start_as_current_span(name, first, kind=trace.SpanKind.CONSUMER, links=links):
        yield


def _distinct(traceparents: Iterable[str]) -> Sequence[str]:
    return list(dict.fromkeys(filter(None, traceparents)))


def _context(traceparent: str) -> Any:
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})

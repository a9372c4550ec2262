"""Log records as JSON, one object a line, for collectors of logs (LOG_FORMAT=json)."""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from gatewayz.request.context import current_user_id

# What every record has; what else it has was given as `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "request_id",
    # Django's: objects, of which the message says what matters.
    "request",
    "server_time",
    "status_code",
}


class JSONFormatter(logging.Formatter):
    """`{"time", "level", "logger", "message", "request_id"}`, and what is known beside.

    `user_id` once the key is known, `trace_id` and `span_id` with tracing, `exception` with its
    stack, and what the call gave as `extra`.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
        }
        user_id = current_user_id()
        if user_id is not None:
            line["user_id"] = user_id
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()

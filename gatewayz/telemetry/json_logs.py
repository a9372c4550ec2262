"""Formats log records as JSON, one object per line (LOG_FORMAT=json)."""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from gatewayz.request.context import current_user_id

# Attributes of every record; other attributes were passed as `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "request_id",
    # Objects that Django adds; the message has what matters of them.
    "request",
    "server_time",
    "status_code",
}


class JSONFormatter(logging.Formatter):
    """Writes `time`, `level`, `logger`, `message` and `request_id`, and more when it is known.

    That is `user_id` once the key was looked up, `trace_id` and `span_id` with tracing,
    `exception` with its stack, and what was passed as `extra`.
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

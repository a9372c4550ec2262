"""OpenAPI descriptions of export and import."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, inline_serializer
from rest_framework import serializers

from chat.messages.openapi import NEW_MESSAGE_EXAMPLE
from chat.sessions.openapi import SESSION_EXAMPLE
from chat.sessions.serializers import SessionSerializer
from chat.transfer.serializers import (
    ChatImportSerializer,
    ChatInput,
    ExportAllInput,
    ExportInput,
    ImportReportSerializer,
    ListedImportSerializer,
)
from gatewayz.api.openapi import OBJECTS, Shape, described, listed, streamed
from gatewayz.api.paging import PageInput

_IMPORT_EXAMPLE = {
    "id": 5,
    "state": "running",
    "file_name": "export.zip",
    "size_bytes": 52_000_000,
    "progress": 0.25,
    "reason": "",
    "created_at": "2026-01-01T12:00:00Z",
    "updated_at": "2026-01-01T12:00:10Z",
    "finished_at": None,
    "format": "chatgpt",
    "imported": 250,
    "existing": 0,
    "extended": 0,
    "failed": 0,
    "is_complete": False,
    "dropped": [],
}
_WHOLE_IMPORT_EXAMPLE = {**_IMPORT_EXAMPLE, "sessions": [1, 2], "errors": []}

export_session = streamed(
    "Export a session",
    name="exportSession",
    query=ExportInput,
    media_types=(
        *("application/json", "application/x-ndjson", "application/zip"),
        *("text/markdown", "text/html"),
    ),
)
export_all = streamed(
    "Export all your chats: one JSON object per line, a ZIP of that, JSON, or to be read",
    name="exportAll",
    query=ExportAllInput,
    media_types=(
        *("application/x-ndjson", "application/json", "application/zip"),
        *("text/markdown", "text/html"),
    ),
    json=OBJECTS,
)
import_chat = described(
    "Import chats: our exports, those of ChatGPT, Claude, Open WebUI and LibreChat, and "
    "messages of OpenAI and Anthropic",
    name="importChat",
    request=Shape(
        {
            "application/json": ChatInput,
            **dict.fromkeys(("application/x-ndjson", "application/zip"), OpenApiTypes.BINARY),
            "multipart/form-data": inline_serializer(
                "ImportForm", {"file": serializers.FileField()}
            ),
        },
        {"title": "Holidays", "messages": [NEW_MESSAGE_EXAMPLE]},
    ),
    answer=Shape(
        PolymorphicProxySerializer(
            "ImportedData",
            [SessionSerializer, ImportReportSerializer, ChatImportSerializer],
            None,
        ),
        SESSION_EXAMPLE,
    ),
    status=201,
    repeated_status=200,
    beside={
        "format": Shape(
            serializers.CharField(help_text="Whose form it is, such as `chatgpt`."), "gatewayz"
        )
    },
    accepted_example=_WHOLE_IMPORT_EXAMPLE,
    idempotent=True,
)

list_imports = listed(
    "List your imports of long files, newest first",
    name="listImports",
    query=PageInput,
    answer=Shape(ListedImportSerializer, _IMPORT_EXAMPLE),
)
get_import = described(
    "See how far an import is",
    name="getImport",
    answer=Shape(ChatImportSerializer, _WHOLE_IMPORT_EXAMPLE),
)
cancel_import = described(
    "Cancel an import; what it has imported stays",
    name="cancelImport",
    answer=Shape(ChatImportSerializer, {**_WHOLE_IMPORT_EXAMPLE, "state": "cancelled"}),
)

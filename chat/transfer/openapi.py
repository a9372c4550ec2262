"""OpenAPI descriptions of export and import."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, inline_serializer
from rest_framework import serializers

from chat.messages.openapi import NEW_MESSAGE_EXAMPLE
from chat.sessions.openapi import SESSION_EXAMPLE
from chat.sessions.serializers import ChosenEndUserInput, SessionSerializer
from chat.transfer.serializers import ChatInput, ExportInput, ImportReportSerializer
from gatewayz.api.openapi import describe, described, streamed

export = describe(
    get=streamed(
        "Export a session",
        name="exportSession",
        query=ExportInput,
        media_types=("application/json", "text/markdown"),
    )
)
export_all = describe(
    get=streamed(
        "Export all your chats, one JSON object per line",
        name="exportAll",
        query=ChosenEndUserInput,
        media_types=("application/x-ndjson",),
        problems=(400, 401),
    )
)
chat_import = describe(
    post=described(
        "Import chats: our exports, those of ChatGPT, Claude, Open WebUI and LibreChat, and "
        "messages of OpenAI and Anthropic",
        name="importChat",
        request={
            "application/json": ChatInput,
            **dict.fromkeys(("application/x-ndjson", "application/zip"), OpenApiTypes.BINARY),
            "multipart/form-data": inline_serializer(
                "ImportForm", {"file": serializers.FileField()}
            ),
        },
        request_example={"title": "Holidays", "messages": [NEW_MESSAGE_EXAMPLE]},
        answer=PolymorphicProxySerializer(
            "ImportedData", [SessionSerializer, ImportReportSerializer], None
        ),
        example=SESSION_EXAMPLE,
        status=201,
        repeated_status=200,
        beside={"format": serializers.CharField(help_text="Whose form it is, such as `chatgpt`.")},
        example_beside={"format": "gatewayz"},
        problems=(400, 401),
        idempotent=True,
    )
)

"""OpenAPI descriptions of export and import."""

from chat.messages.openapi import NEW_MESSAGE_EXAMPLE
from chat.sessions.openapi import SESSION_EXAMPLE
from chat.sessions.serializers import SessionSerializer
from chat.transfer.serializers import ChatInput, ExportInput
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
        media_types=("application/x-ndjson",),
        problems=(401,),
    )
)
chat_import = describe(
    post=described(
        "Import an exported session or OpenAI messages",
        name="importChat",
        request=ChatInput,
        request_example={"title": "Holidays", "messages": [NEW_MESSAGE_EXAMPLE]},
        answer=SessionSerializer(),
        example=SESSION_EXAMPLE,
        status=201,
        problems=(400, 401),
        idempotent=True,
    )
)

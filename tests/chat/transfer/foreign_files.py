"""Conversations as other products export them, after public descriptions of their formats."""

from typing import Any


def chatgpt_message(
    role: str, text: str, time: float | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": time,
        "update_time": None,
        "content": {"content_type": "text", "parts": [text]},
        "status": "finished_successfully",
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
        **more,
    }


def node(name: str, parent: str | None, message: Any, *children: str) -> dict[str, Any]:
    if message is not None:
        message = {"id": name, **message}
    return {"id": name, "message": message, "parent": parent, "children": list(children)}


def chatgpt(**more: Any) -> dict[str, Any]:
    """A question that was answered twice; the second answer is shown."""
    hidden = {"is_visually_hidden_from_conversation": True}
    mapping = [
        node("root", None, None, "empty"),
        node("empty", "root", chatgpt_message("system", "", metadata=hidden), "q"),
        node("q", "empty", chatgpt_message("user", "hi", 1700000001.25), "first", "second"),
        node("first", "q", chatgpt_message("assistant", "first try")),
        node(
            "second",
            "q",
            chatgpt_message(
                "assistant", "second try", 1700000003.5, metadata={"model_slug": "gpt-4o"}
            ),
        ),
    ]
    return {
        "title": "Tree",
        "create_time": 1700000000.5,
        "update_time": 1700000100.5,
        "mapping": {one["id"]: one for one in mapping},
        "moderation_results": [],
        "current_node": "second",
        "conversation_id": "chatgpt-1",
        "default_model_slug": "gpt-4o",
        "is_archived": True,
        "is_starred": True,
        "gizmo_id": "g-1",
        **more,
    }


def claude_message(name: str, sender: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "uuid": name,
        "text": text,
        "content": [
            {"start_timestamp": None, "type": "text", "text": text, "citations": []},
        ],
        "sender": sender,
        "created_at": "2025-01-01T00:00:00.123456Z",
        "updated_at": "2025-01-01T00:00:00.123456Z",
        "attachments": [],
        "files": [],
        **more,
    }


CLAUDE_ROOT = "00000000-0000-4000-8000-000000000000"


def claude(**more: Any) -> dict[str, Any]:
    """A question that was answered twice; the second answer is shown."""
    return {
        "uuid": "claude-1",
        "name": "From Claude",
        "summary": "",
        "created_at": "2025-01-01T00:00:00.000000Z",
        "updated_at": "2025-01-02T00:00:00.000000Z",
        "account": {"uuid": "someone"},
        "chat_messages": [
            claude_message("q", "human", "hi", parent_message_uuid=CLAUDE_ROOT),
            claude_message("first", "assistant", "first try", parent_message_uuid="q"),
            claude_message("second", "assistant", "second try", parent_message_uuid="q"),
        ],
        **more,
    }


def open_webui_message(name: str, parent: str | None, role: str, text: str, *children: str) -> Any:
    return {
        "id": name,
        "parentId": parent,
        "childrenIds": list(children),
        "role": role,
        "content": text,
        "timestamp": 1700000001,
    }


def open_webui(**more: Any) -> dict[str, Any]:
    """A question that was answered twice; the second answer is shown."""
    answers = [
        open_webui_message("first", "q", "assistant", "first try"),
        {**open_webui_message("second", "q", "assistant", "second try"), "model": "llama3"},
    ]
    messages = [open_webui_message("q", None, "user", "hi", "first", "second"), *answers]
    return {
        "id": "owui-1",
        "user_id": "someone",
        "title": "From Open WebUI",
        "chat": {
            "title": "From Open WebUI",
            "models": ["llama3"],
            "history": {"currentId": "second", "messages": {one["id"]: one for one in messages}},
            "messages": [messages[0], answers[1]],
            "tags": [],
            "timestamp": 1700000000123,
        },
        "created_at": 1700000000,
        "updated_at": 1700000100,
        "archived": True,
        "pinned": True,
        "folder_id": "work",
        "meta": {"tags": ["travel"]},
        "share_id": None,
        **more,
    }


def librechat_message(name: str, parent: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "messageId": name,
        "parentMessageId": parent,
        "conversationId": "libre-1",
        "sender": "GPT-4",
        "text": text,
        "isCreatedByUser": False,
        "createdAt": "2024-05-01T10:00:00.000Z",
        "updatedAt": "2024-05-01T10:00:00.000Z",
        **more,
    }


LIBRECHAT_ROOT = "00000000-0000-0000-0000-000000000000"


def librechat(**more: Any) -> dict[str, Any]:
    """A question that was answered twice; the second answer is shown."""
    return {
        "conversationId": "libre-1",
        "endpoint": "openAI",
        "title": "From LibreChat",
        "exportAt": "09:15:30 GMT",
        "branches": True,
        "recursive": False,
        "options": {"model": "gpt-4"},
        "messages": [
            librechat_message("q", LIBRECHAT_ROOT, "hi", sender="User", isCreatedByUser=True),
            librechat_message("first", "q", "first try", tokenCount=7),
            librechat_message("second", "q", "second try"),
        ],
        **more,
    }


def librechat_recursive(**more: Any) -> dict[str, Any]:
    """The same conversation, each message within the one that it follows."""
    flat = librechat()
    question, *answers = flat["messages"]
    return {
        **flat,
        "recursive": True,
        "messages": [{**question, "children": [{**one, "children": []} for one in answers]}],
        **more,
    }

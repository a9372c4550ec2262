"""Sessions, messages, search, feedback and links."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from gatewayz_client.calls import Calls, Request
from gatewayz_client.pages import Page
from gatewayz_client.problems import UnreachableError
from gatewayz_client.types import (
    Branches,
    Content,
    DeletedCount,
    DeletedMessageCount,
    ExportFormat,
    Feedback,
    FeedbackStatistics,
    FeedbackType,
    FolderCount,
    ImportedMessageInput,
    Match,
    Message,
    MessageInput,
    MessageStatus,
    Role,
    SavedMessages,
    Session,
    SessionDetail,
    SessionInput,
    SessionOrder,
    Share,
    SharedSession,
    Statistics,
    TagCount,
)


class Chat:
    """`client.chat`. Each method is an operation of the API; see its reference for details."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    # --- Sessions ------------------------------------------------------------------------------

    def create_session(
        self,
        *,
        title: str | None = None,
        model: str | None = None,
        external_id: str | None = None,
        end_user_id: str | None = None,
        metadata: Any = None,
        tags: Sequence[str] | None = None,
        folder: str | None = None,
        expires_at: datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> Session:
        """Create a session, or find the one with this `external_id`."""
        answer = self._calls.post_once(
            "/v1/chat/sessions",
            idempotency_key,
            title=title,
            model=model,
            external_id=external_id,
            end_user_id=end_user_id,
            metadata=metadata,
            tags=tags,
            folder=folder,
            expires_at=expires_at,
        )
        session: Session = answer["data"]
        return session

    def create_sessions(
        self, sessions: Sequence[SessionInput], *, idempotency_key: str | None = None
    ) -> Page[Session]:
        """Create several sessions, all or none."""
        return Page.of(
            self._calls.post_once("/v1/chat/sessions/batch", idempotency_key, sessions=sessions)
        )

    def list_sessions(
        self,
        *,
        limit: int | None = None,
        offset: int | None = None,
        cursor: str | None = None,
        pinned: bool | None = None,
        archived: bool | None = None,
        deleted: bool | None = None,
        external_id: str | None = None,
        end_user_id: str | None = None,
        tag: str | None = None,
        folder: str | None = None,
        order: SessionOrder | None = None,
    ) -> Page[Session]:
        """List the sessions, most recently updated first."""
        return Page.of(
            self._calls.get(
                "/v1/chat/sessions",
                limit=limit,
                offset=offset,
                cursor=cursor,
                pinned=pinned,
                archived=archived,
                deleted=deleted,
                external_id=external_id,
                end_user_id=end_user_id,
                tag=tag,
                folder=folder,
                order=order,
            )
        )

    def read_session(
        self,
        session_id: int,
        *,
        message_limit: int | None = None,
        before: int | None = None,
        after: int | None = None,
        branches: Branches | None = None,
    ) -> SessionDetail:
        """Return a session with its messages, oldest first."""
        answer = self._calls.get(
            f"/v1/chat/sessions/{session_id}",
            message_limit=message_limit,
            before=before,
            after=after,
            branches=branches,
        )
        session: SessionDetail = answer["data"]
        return session

    def patch_session(
        self,
        session_id: int,
        *,
        title: str | None = None,
        model: str | None = None,
        is_pinned: bool | None = None,
        is_archived: bool | None = None,
        external_id: str | None = None,
        end_user_id: str | None = None,
        metadata: Any = None,
        tags: Sequence[str] | None = None,
        folder: str | None = None,
        expires_at: datetime | str | None = None,
        current_message_id: int | None = None,
    ) -> Session:
        """Rename or sort a session, or show another of its branches."""
        answer = self._calls.patch(
            f"/v1/chat/sessions/{session_id}",
            title=title,
            model=model,
            is_pinned=is_pinned,
            is_archived=is_archived,
            external_id=external_id,
            end_user_id=end_user_id,
            metadata=metadata,
            tags=tags,
            folder=folder,
            expires_at=expires_at,
            current_message_id=current_message_id,
        )
        session: Session = answer["data"]
        return session

    def delete_session(self, session_id: int) -> None:
        """Move a session to the trash."""
        self._calls.delete(f"/v1/chat/sessions/{session_id}")

    def delete_sessions(
        self, ids: Sequence[int] | None = None, *, end_user_id: str | None = None
    ) -> DeletedCount:
        """Move up to 500 sessions to the trash; with `end_user_id`, erase all of that person."""
        query = {"end_user_id": end_user_id}
        body = None if ids is None else {"ids": ids}
        answer = self._calls.send(Request("DELETE", "/v1/chat/sessions", query=query, body=body))
        deleted: DeletedCount = answer["data"]
        return deleted

    def restore_session(self, session_id: int, *, idempotency_key: str | None = None) -> Session:
        """Restore a session from the trash."""
        answer = self._calls.post_once(f"/v1/chat/sessions/{session_id}/restore", idempotency_key)
        session: Session = answer["data"]
        return session

    def fork_session(
        self,
        session_id: int,
        *,
        message_id: int | None = None,
        title: str | None = None,
        idempotency_key: str | None = None,
    ) -> Session:
        """Copy a session, up to a message."""
        answer = self._calls.post_once(
            f"/v1/chat/sessions/{session_id}/fork",
            idempotency_key,
            message_id=message_id,
            title=title,
        )
        session: Session = answer["data"]
        return session

    # --- Messages ------------------------------------------------------------------------------

    def append_message(
        self,
        session_id: int,
        *,
        role: Role,
        content: Content = None,
        model: str | None = None,
        tokens: int | None = None,
        reasoning: str | None = None,
        metadata: Any = None,
        created_at: datetime | str | None = None,
        client_id: str | None = None,
        parent_id: int | None = None,
        status: MessageStatus | None = None,
        revision: int | None = None,
        name: Any = None,
        tool_calls: Any = None,
        tool_call_id: Any = None,
        refusal: Any = None,
        annotations: Any = None,
        usage: Any = None,
        finish_reason: Any = None,
        idempotency_key: str | None = None,
    ) -> Message:
        """Add a message to a session, or replace the one with this `client_id`."""
        answer = self._calls.post_once(
            f"/v1/chat/sessions/{session_id}/messages",
            idempotency_key,
            role=role,
            content=content,
            model=model,
            tokens=tokens,
            reasoning=reasoning,
            metadata=metadata,
            created_at=created_at,
            client_id=client_id,
            parent_id=parent_id,
            status=status,
            revision=revision,
            name=name,
            tool_calls=tool_calls,
            tool_call_id=tool_call_id,
            refusal=refusal,
            annotations=annotations,
            usage=usage,
            finish_reason=finish_reason,
        )
        message: Message = answer["data"]
        return message

    def append_messages(
        self,
        session_id: int,
        messages: Sequence[MessageInput],
        *,
        idempotency_key: str | None = None,
    ) -> SavedMessages:
        """Add messages to a session, all or none."""
        answer = self._calls.post_once(
            f"/v1/chat/sessions/{session_id}/messages/batch", idempotency_key, messages=messages
        )
        saved: SavedMessages = answer["data"]
        return saved

    def list_messages(
        self,
        session_id: int,
        *,
        message_limit: int | None = None,
        before: int | None = None,
        after: int | None = None,
        branches: Branches | None = None,
    ) -> list[Message]:
        """A page of a session's messages, oldest first."""
        answer = self._calls.get(
            f"/v1/chat/sessions/{session_id}/messages",
            message_limit=message_limit,
            before=before,
            after=after,
            branches=branches,
        )
        messages: list[Message] = answer["data"]
        return messages

    def read_message(self, session_id: int, message_id: int) -> Message:
        """A message."""
        answer = self._calls.get(f"/v1/chat/sessions/{session_id}/messages/{message_id}")
        message: Message = answer["data"]
        return message

    def patch_message(
        self,
        session_id: int,
        message_id: int,
        *,
        content: Content = None,
        model: str | None = None,
        tokens: int | None = None,
        reasoning: str | None = None,
        metadata: Any = None,
        status: MessageStatus | None = None,
        revision: int | None = None,
        name: Any = None,
        tool_calls: Any = None,
        tool_call_id: Any = None,
        refusal: Any = None,
        annotations: Any = None,
        usage: Any = None,
        finish_reason: Any = None,
    ) -> Message:
        """Change a message, also while it is streamed."""
        answer = self._calls.patch(
            f"/v1/chat/sessions/{session_id}/messages/{message_id}",
            content=content,
            model=model,
            tokens=tokens,
            reasoning=reasoning,
            metadata=metadata,
            status=status,
            revision=revision,
            name=name,
            tool_calls=tool_calls,
            tool_call_id=tool_call_id,
            refusal=refusal,
            annotations=annotations,
            usage=usage,
            finish_reason=finish_reason,
        )
        message: Message = answer["data"]
        return message

    def delete_message(self, session_id: int, message_id: int) -> None:
        """Delete a message for good."""
        self._calls.delete(f"/v1/chat/sessions/{session_id}/messages/{message_id}")

    def truncate_messages(self, session_id: int, after: int) -> DeletedMessageCount:
        """Delete for good all messages that follow one."""
        answer = self._calls.delete(f"/v1/chat/sessions/{session_id}/messages?after={after}")
        deleted: DeletedMessageCount = answer["data"]
        return deleted

    def list_tags(self, *, end_user_id: str | None = None) -> Page[TagCount]:
        """The tags, with how many sessions have each."""
        return Page.of(self._calls.get("/v1/chat/tags", end_user_id=end_user_id))

    def list_folders(self, *, end_user_id: str | None = None) -> Page[FolderCount]:
        """The folders, with how many sessions are in each."""
        return Page.of(self._calls.get("/v1/chat/folders", end_user_id=end_user_id))

    # --- Search --------------------------------------------------------------------------------

    def search_chats(
        self,
        query: str,
        *,
        sort: Literal["relevance", "recent"] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        cursor: str | None = None,
        end_user_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Page[Match]:
        """Search sessions for the words of `query`, best matches first."""
        return Page.of(
            self._calls.post_once(
                "/v1/chat/search",
                idempotency_key,
                query=query,
                sort=sort,
                limit=limit,
                offset=offset,
                cursor=cursor,
                end_user_id=end_user_id,
            )
        )

    def chat_stats(self, *, end_user_id: str | None = None) -> Statistics:
        """Count sessions, messages and tokens."""
        answer = self._calls.get("/v1/chat/stats", end_user_id=end_user_id)
        statistics: Statistics = answer["data"]
        return statistics

    # --- Feedback ------------------------------------------------------------------------------

    def give_feedback(
        self,
        feedback_type: FeedbackType,
        *,
        session_id: int | None = None,
        message_id: int | None = None,
        rating: int | None = None,
        comment: str | None = None,
        model: str | None = None,
        metadata: Any = None,
        idempotency_key: str | None = None,
    ) -> Feedback:
        """Give feedback on an answer."""
        answer = self._calls.post_once(
            "/v1/chat/feedback",
            idempotency_key,
            feedback_type=feedback_type,
            session_id=session_id,
            message_id=message_id,
            rating=rating,
            comment=comment,
            model=model,
            metadata=metadata,
        )
        feedback: Feedback = answer["data"]
        return feedback

    def change_feedback(
        self,
        feedback_id: int,
        *,
        feedback_type: FeedbackType | None = None,
        rating: int | None = None,
        comment: str | None = None,
        metadata: Any = None,
    ) -> Feedback:
        """Change feedback."""
        answer = self._calls.put(
            f"/v1/chat/feedback/{feedback_id}",
            feedback_type=feedback_type,
            rating=rating,
            comment=comment,
            metadata=metadata,
        )
        feedback: Feedback = answer["data"]
        return feedback

    def withdraw_feedback(self, feedback_id: int) -> None:
        """Delete feedback."""
        self._calls.delete(f"/v1/chat/feedback/{feedback_id}")

    def list_feedback(
        self,
        *,
        feedback_type: FeedbackType | None = None,
        session_id: int | None = None,
        model: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Page[Feedback]:
        """List feedback, newest first."""
        return Page.of(
            self._calls.get(
                "/v1/chat/feedback",
                feedback_type=feedback_type,
                session_id=session_id,
                model=model,
                limit=limit,
                offset=offset,
            )
        )

    def list_session_feedback(
        self,
        session_id: int,
        *,
        feedback_type: FeedbackType | None = None,
        model: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Page[Feedback]:
        """List feedback on one session, newest first."""
        return Page.of(
            self._calls.get(
                f"/v1/chat/sessions/{session_id}/feedback",
                feedback_type=feedback_type,
                model=model,
                limit=limit,
                offset=offset,
            )
        )

    def feedback_stats(
        self, *, days: int | None = None, model: str | None = None
    ) -> FeedbackStatistics:
        """Summarise the feedback of the last days."""
        answer = self._calls.get("/v1/chat/feedback/stats", days=days, model=model)
        statistics: FeedbackStatistics = answer["data"]
        return statistics

    # --- Links ---------------------------------------------------------------------------------

    def share_session(
        self,
        session_id: int,
        *,
        expires_at: datetime | str | None = None,
        include_system: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Share:
        """Create a public read-only link to a session."""
        answer = self._calls.post_once(
            "/v1/chat/share",
            idempotency_key,
            session_id=session_id,
            expires_at=expires_at,
            include_system=include_system,
        )
        share: Share = answer["data"]
        return share

    def list_shares(self, *, limit: int | None = None, offset: int | None = None) -> Page[Share]:
        """List the links, newest first."""
        return Page.of(self._calls.get("/v1/chat/share", limit=limit, offset=offset))

    def read_share(
        self,
        token: str,
        *,
        message_limit: int | None = None,
        before: int | None = None,
        after: int | None = None,
    ) -> SharedSession:
        """Return the session that a link shows; needs no key."""
        answer = self._calls.get(
            f"/v1/chat/share/{token}", message_limit=message_limit, before=before, after=after
        )
        session: SharedSession = answer["data"]
        return session

    def revoke_share(self, token: str) -> None:
        """Revoke a link."""
        self._calls.delete(f"/v1/chat/share/{token}")

    # --- Export and import ---------------------------------------------------------------------

    def import_chat(
        self,
        messages: Sequence[ImportedMessageInput],
        *,
        title: str | None = None,
        model: str | None = None,
        created_at: datetime | str | None = None,
        updated_at: datetime | str | None = None,
        is_pinned: bool | None = None,
        is_archived: bool | None = None,
        current_message_id: int | str | None = None,
        external_id: str | None = None,
        end_user_id: str | None = None,
        metadata: Any = None,
        tags: Sequence[str] | None = None,
        folder: str | None = None,
        expires_at: datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> Session:
        """Create a session from existing messages."""
        answer = self._calls.post_once(
            "/v1/chat/import",
            idempotency_key,
            messages=messages,
            title=title,
            model=model,
            created_at=created_at,
            updated_at=updated_at,
            is_pinned=is_pinned,
            is_archived=is_archived,
            current_message_id=current_message_id,
            external_id=external_id,
            end_user_id=end_user_id,
            metadata=metadata,
            tags=tags,
            folder=folder,
            expires_at=expires_at,
        )
        session: Session = answer["data"]
        return session

    def export_session(
        self,
        session_id: int,
        *,
        format: ExportFormat | None = None,  # noqa: A002
    ) -> bytes:
        """Export a session as a file."""
        path = f"/v1/chat/sessions/{session_id}/export"
        with self._calls.download(path, format=format) as response:
            return response.read()

    def export_all(self, *, end_user_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Export every session, each followed by its messages; `type` tells the two apart.

        Raises UnreachableError when the export was cut off.
        """
        with self._calls.download("/v1/chat/export", end_user_id=end_user_id) as response:
            for text in response.iter_lines():
                line = json.loads(text)
                if line["type"] == "end":
                    return
                yield line
        raise UnreachableError("The export was cut off")

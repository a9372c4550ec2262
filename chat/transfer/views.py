"""Views of export and import."""

from dataclasses import asdict
from http import HTTPStatus
from typing import cast

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.models import ChatImport, ChatSession
from chat.sessions.serializers import represented_session
from chat.transfer import copying, jobs, openapi
from chat.transfer.importing import Report, import_all, import_one
from chat.transfer.jobs import represented_import
from chat.transfer.recognition import conversations
from chat.transfer.serializers import ExportAllInput, ExportInput
from chat.transfer.storing import Stored
from chat.transfer.uploads import (
    GivenFile,
    SpooledUpload,
    read_files,
    single_value,
    values_of,
)
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.paging import PageInput, page_of
from gatewayz.api.serializing import validated
from gatewayz.streaming.downloads import Download


class ExportView(ChatView):
    @openapi.export_session
    def get(self, request: AuthenticatedRequest, session_id: int) -> Download:
        given = validated(ExportInput, request.query_params)
        form = given["format"]
        owned = ChatSession.objects.owned_by(request.user).active()
        session = get_object_or_404(
            owned.with_current_message(request.user.user_id), pk=session_id
        )
        return Download(
            request.user.user_id,
            copying.export_chat(session, form),
            filename=f"chat-{session.pk}.{copying.SUFFIXES[form]}",
            content_type=copying.CONTENT_TYPES[form],
        )


class ExportAllView(ChatView):
    @openapi.export_all
    def get(self, request: AuthenticatedRequest) -> Download:
        chosen = validated(ExportAllInput, request.query_params)
        form = chosen.pop("format")
        return Download(
            request.user.user_id,
            copying.export_all(request.user, form, **chosen),
            filename=f"chats.{copying.SUFFIXES[form]}",
            content_type=copying.CONTENT_TYPES[form],
        )


class ImportView(ChatView):
    takes_long_bodies = True

    @staticmethod
    def read_body(request: HttpRequest, max_bytes: int) -> list[GivenFile] | SpooledUpload:
        return read_files(request, max_bytes)

    @openapi.import_chat
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        owner, report = request.user, Report()
        given = cast("list[GivenFile] | SpooledUpload", request.data)
        if isinstance(given, SpooledUpload):
            return _accepted(*jobs.submit(owner, given.digest))
        files = given
        single = single_value(files)
        if single is not None:
            stored = import_one(owner, single.value, report)
            return success(
                represented_session(stored.session),
                format=report.format,
                message=_message(stored),
                status=HTTPStatus.CREATED if stored.is_new else HTTPStatus.OK,
            )
        for file in files:
            import_all(owner, conversations(values_of(file)), report)
        if not report.is_complete and len(files) == 1:
            return _accepted(*jobs.go_on_later(owner, files[0], report))
        report.raise_if_in_vain()
        return success(
            asdict(report),
            format=report.format,
            message=report.message(),
            status=_status(report),
        )


def _message(stored: Stored) -> str:
    if stored.is_new:
        return "Chat imported successfully"
    if stored.added:
        return f"This chat is here already: {stored.added:,} messages were new"
    return "This chat is here already"


def _status(report: Report) -> HTTPStatus:
    if not report.is_complete:
        # Not kept for a repeated request, which continues the import.
        return HTTPStatus.ACCEPTED
    return HTTPStatus.CREATED if report.imported else HTTPStatus.OK


def _accepted(job: ChatImport, is_new: bool) -> JSONResponse:
    response = success(
        represented_import(job),
        format=job.report.get("format", ""),
        message="The import has begun" if is_new else "This file is being imported already",
        status=HTTPStatus.ACCEPTED,
    )
    response["Location"] = f"/v1/chat/imports/{job.pk}"
    return response


class ImportsView(ChatView):
    @openapi.list_imports
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        page = validated(PageInput, request.query_params)
        owned = ChatImport.objects.owned_by(request.user).order_by("-id")
        found, count = page_of(owned, **page)
        return success([represented_import(job, briefly=True) for job in found], count=count)


class ImportJobView(ChatView):
    @openapi.get_import
    def get(self, request: AuthenticatedRequest, import_id: int) -> JSONResponse:
        owned = ChatImport.objects.owned_by(request.user)
        return success(represented_import(get_object_or_404(owned, pk=import_id)))

    @openapi.cancel_import
    def delete(self, request: AuthenticatedRequest, import_id: int) -> JSONResponse:
        owned = ChatImport.objects.owned_by(request.user).filter(pk=import_id)
        cancelled = jobs.cancel(owned)
        return success(
            represented_import(get_object_or_404(owned)),
            message="Import cancelled" if cancelled else "This import has ended before",
        )

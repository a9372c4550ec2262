"""Imports of long files, done by the worker in slices.

A slice imports for SLICE_SECONDS, in transactions of about BATCH_SECONDS. Each transaction commits
conversations together with the progress of the import, so an import resumes where it stopped,
however its process ends. Only one process imports at a time, and all users' files take turns, so
that other tasks find a free process.
"""

import time
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any, BinaryIO, cast

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.background import TimedRun, enqueue
from accounts.plans.storage import StorageUsedUp, storage_left_bytes
from accounts.principals.principal import Principal
from chat.models import ChatImport, ChatImportChunk
from chat.transfer.documents import Position, documents
from chat.transfer.importing import Batch, Report
from chat.transfer.recognition import conversations
from chat.transfer.spool import (
    ABANDONED_SECONDS,
    CHUNK_BYTES,
    Spool,
    SpooledFile,
    SpoolGoneError,
)
from chat.transfer.uploads import GivenFile
from gatewayz.database.after_commit import after_commit
from gatewayz.database.deletion import delete_in_batches
from gatewayz.middleware.load_shedding import without_slot

SLICE_SECONDS = 10.0
BATCH_SECONDS = 1.0
# After this many starts without progress an import fails, since it would only end another process.
MAX_ATTEMPTS = 5

# How long the result of an import can be read.
KEPT_DAYS = 30
# How many chunks one transaction deletes: 50 MB.
DELETED_CHUNKS = 50

_RUN, _PRUNE = "chat.transfer.jobs.run", "chat.transfer.jobs.prune"
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('chat_imports'))"

_STUCK = "It ended the process that imports, several times, at the same place."
_GIVEN_UP = "The file did not arrive completely."

# Where in a file reading resumes, and how many conversations after that are imported already.
_BEGINNING: list[Any] = [*Position(), 0]

State = ChatImport.State

_SHOWN = (
    *("id", "state", "file_name", "size_bytes", "progress", "reason"),
    *("created_at", "updated_at", "finished_at"),
)


def submit(owner: Principal, digest: str, report: Report | None = None) -> tuple[ChatImport, bool]:
    """Begin the import of the file with this digest, which has just arrived.

    `report` is about the conversations at its beginning, which are imported already. While a file
    is being imported, the same file is not started again.

    Returns the import and whether it is new.
    """
    imports = ChatImport.objects.owned_by(owner).filter(digest=digest).order_by("-pk")
    with transaction.atomic():
        arrived = imports.filter(state=State.RECEIVING)[:1].get()
        known = imports.filter(state=State.RUNNING).first()
        if known is not None:
            arrived.delete()
            return known, False
        arrived.state, arrived.updated_at = State.RUNNING, timezone.now()
        if report is not None:
            report.is_complete = True
            arrived.report = asdict(report)
            arrived.position = [*Position(), report.imported + report.existing + report.failed]
        arrived.save()
        # Without Redis, the run of the next minute finds it.
        after_commit(partial(enqueue, _RUN))
    return arrived, True


def go_on_later(owner: Principal, file: GivenFile, report: Report) -> tuple[ChatImport, bool]:
    """Have a worker continue with a file that its request had too little time for.

    Returns what `submit` does. Raises what `Spool` does.
    """
    with without_slot():
        spool = Spool(owner.user_id, file.name, are_lines=file.are_lines)
        for begin in range(0, len(file.body), CHUNK_BYTES):
            spool.write(file.body[begin : begin + CHUNK_BYTES])
        digest = spool.finish()
    return submit(owner, digest, report)


def represented_import(job: ChatImport, *, briefly: bool = False) -> dict[str, Any]:
    """Return an import as the API shows it; `briefly` without its sessions and errors."""
    report = {**asdict(Report()), **job.report, "is_complete": job.state == State.COMPLETED}
    if briefly:
        del report["sessions"], report["errors"]
    return {**{name: getattr(job, name) for name in _SHOWN}, **report}


def counted(job: ChatImport) -> str:
    """Return the result of an import so far, in a sentence."""
    report = Report(**job.report)
    report.is_complete = True
    return report.message()


def cancel(imports: QuerySet[ChatImport]) -> int:
    """Cancel the unfinished ones of `imports`. Chats that are already imported stay.

    Returns how many there were.
    """
    ended = imports.filter(state__in=ChatImport.UNFINISHED).update(
        state=State.CANCELLED, finished_at=timezone.now(), updated_at=timezone.now()
    )
    if ended:
        after_commit(partial(enqueue, _PRUNE))
    return ended


def run() -> int:
    """Continue the import that has waited longest, for one slice; also runs every minute.

    Returns how many conversations it has read. As long as imports are left, it enqueues the next
    run, unless another process is importing.
    """
    this_run = TimedRun(_RUN, SLICE_SECONDS)
    job = _next()
    if job is None:
        return 0
    work = ImportWork(job)
    may_go_on = work.import_batch()
    while may_go_on and not work.is_over and this_run.left_seconds > 0:
        may_go_on = work.import_batch()
    if may_go_on:
        this_run.continue_later()
    return work.count


def _next() -> ChatImport | None:
    """Return the import that has waited longest, and count the start of a run for it."""
    running = ChatImport.objects.filter(state=State.RUNNING, user__is_active=True)
    for job in running.order_by("updated_at")[:MAX_ATTEMPTS]:
        if job.attempts < MAX_ATTEMPTS:
            now = timezone.now()
            running.filter(pk=job.pk).update(attempts=F("attempts") + 1, updated_at=now)
            return job
        _end(job, State.FAILED, _STUCK)
    return None


def _end(job: ChatImport, state: State, reason: str = "") -> None:
    ChatImport.objects.filter(pk=job.pk, state=State.RUNNING).update(
        state=state, reason=reason, finished_at=timezone.now(), updated_at=timezone.now()
    )
    after_commit(partial(enqueue, _PRUNE))


class ImportWork:
    """The work on one import in this process, starting from the last commit."""

    def __init__(self, job: ChatImport) -> None:
        self.count = 0
        self.is_over = False
        self._job = job
        self._place = [*job.position] or _BEGINNING
        # Conversations after the position that are imported already.
        *position, self._skipped = self._place
        self._report = Report(**job.report)
        self._file = SpooledFile(job)
        start = Position(*position)
        self._found = conversations(
            documents(
                cast(BinaryIO, self._file), job.file_name, are_lines=job.are_lines, start=start
            ),
            start,
        )

    def import_batch(self) -> bool:
        """Import for about BATCH_SECONDS, and commit that together with the progress.

        Returns False, and changes nothing, when another process is importing or has continued this
        import.
        """
        try:
            with transaction.atomic():
                if not self._is_ours():
                    return False
                self.import_some()
                if not self.save():
                    transaction.set_rollback(True)
                    self.is_over = True
                    return True
        except StorageUsedUp as error:
            _end(self._job, State.FAILED, str(error.detail))
            self.is_over = True
        except SpoolGoneError:
            self.is_over = True
        return True

    def _is_ours(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK)
            if not cursor.fetchone()[0]:
                return False
        # Otherwise another process has continued it.
        known = ChatImport.objects.filter(pk=self._job.pk).values_list("position", flat=True)
        return (known.first() or _BEGINNING) == self._place

    def import_some(self) -> None:
        left_bytes = storage_left_bytes(self._job.user_id)
        if left_bytes is not None and left_bytes <= 0:
            raise StorageUsedUp
        batch = Batch(Principal.without_key(self._job.user_id), self._report)
        *position, since = self._place
        until = time.monotonic() + BATCH_SECONDS
        for found in self._found:
            if self._skipped:
                self._skipped -= 1
                continue
            batch.add(found)
            self.count += 1
            position, since = ([*found.after], 0) if found.after else (position, since + 1)
            if time.monotonic() >= until:
                break
        else:
            self.is_over = True
        batch.store()
        self._place = [*position, since]

    def save(self) -> bool:
        """Store the progress. Returns False if the import was ended meanwhile."""
        now = timezone.now()
        fields = {
            "position": self._place,
            "read_bytes": max(self._job.read_bytes, self._file.tell()),
            "report": asdict(self._report),
            "attempts": 0,
            "updated_at": now,
        }
        if self.is_over:
            reason = self._report.reason_of_failure()
            state = State.FAILED if reason else State.COMPLETED
            fields |= {"state": state, "reason": reason, "finished_at": now}
            after_commit(partial(enqueue, _PRUNE))
        running = ChatImport.objects.filter(pk=self._job.pk, state=State.RUNNING)
        return bool(running.update(**fields))


def prune() -> int:
    """Delete the files of finished imports, and imports that finished KEPT_DAYS ago.

    Gives up on files that have stopped arriving. Runs every hour and after an import. Returns how
    many chunks were deleted; a run that cannot finish in time enqueues another.
    """
    this_run = TimedRun(_PRUNE)
    now = timezone.now()
    ChatImport.objects.filter(
        state=State.RECEIVING, updated_at__lt=now - timedelta(seconds=ABANDONED_SECONDS)
    ).update(state=State.FAILED, reason=_GIVEN_UP, finished_at=now, updated_at=now)
    deleted, complete = delete_in_batches(
        ChatImportChunk.objects.filter(chat_import__finished_at__isnull=False),
        ends_at=this_run.ends_at,
        batch_rows=DELETED_CHUNKS,
    )
    if complete:
        old = ChatImport.objects.filter(finished_at__lt=now - timedelta(days=KEPT_DAYS))
        _, complete = delete_in_batches(old, ends_at=this_run.ends_at)
    if not complete:
        this_run.continue_later()
    return deleted

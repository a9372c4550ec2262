"""Everything that a user owns, in pieces, in constant memory however much it is.

Read in pages that follow each other by key, not by a cursor of the database: that would need one
connection for as long as the client takes to read, which poolers do not give. Each kind of thing
has the form in which the API answers it, which never holds a secret.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.db import models
from rest_framework.serializers import ModelSerializer

from accounts.activity.serializers import ActivityEventSerializer
from accounts.audit.serializers import AuditEntrySerializer
from accounts.models import ActivityDay, ActivityEvent, ApiKey, AuditEntry, User
from accounts.principal import Principal
from accounts.profile.serializers import (
    ActivityDaySerializer,
    ExportedKeySerializer,
    ProfileSerializer,
)

PAGE_ROWS = 200

CONTENT_TYPES = {"ndjson": "application/x-ndjson", "zip": "application/zip"}

Row = TypeVar("Row", bound=models.Model)
Line = dict[str, Any]

_encode = msgspec.json.Encoder().encode


class Kind(NamedTuple):
    """One kind of thing that users own: its name, and all that one user has of it."""

    name: str
    lines: Callable[[Principal], Iterable[Line]]


def export_ndjson(owner: Principal, kinds: Sequence[Kind]) -> Iterator[bytes]:
    """A line for each thing, with its kind as `type`; the last says how many there were.

    Without that last line, the download was cut off.
    """
    count = 0
    for kind in kinds:
        for line in kind.lines(owner):
            count += 1
            yield _encode({"type": kind.name, **line}) + b"\n"
    yield _encode({"type": "end", "lines": count}) + b"\n"


def export_zip(owner: Principal, kinds: Sequence[Kind]) -> Iterator[bytes]:
    """A ZIP archive with an NDJSON file for each kind."""
    written = _Written()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in kinds:
            with archive.open(f"{kind.name}.ndjson", "w", force_zip64=True) as file:
                for line in kind.lines(owner):
                    file.write(_encode(line) + b"\n")
                    yield from written.taken()
            yield from written.taken()
    yield from written.taken()


class _Written(io.RawIOBase):
    """What a ZipFile has written, to be passed on; it cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        yield from pieces


def by_key(rows: models.QuerySet[Row, Row]) -> Iterator[Row]:
    """The rows in the order of their primary keys, PAGE_ROWS in memory at once."""
    in_order = rows.order_by("pk")
    page = list(in_order[:PAGE_ROWS])
    while page:
        yield from page
        page = list(in_order.filter(pk__gt=page[-1].pk)[:PAGE_ROWS])


def by_time(rows: models.QuerySet[Row, Row], time: str) -> Iterator[Row]:
    """The rows, latest first by the field `time`, PAGE_ROWS in memory at once.

    For one user, an index on user and time serves it, which one on the primary key would not.
    """
    in_order = rows.order_by(f"-{time}", "-pk")
    page = list(in_order[:PAGE_ROWS])
    while page:
        yield from page
        at = getattr(page[-1], time)
        older = models.Q(**{f"{time}__lt": at}) | models.Q(pk__lt=page[-1].pk)
        # The second is implied, but it is what the index can seek by.
        page = list(in_order.filter(older, **{f"{time}__lte": at})[:PAGE_ROWS])


def lines_of(serializer: type[ModelSerializer], rows: Iterable[models.Model]) -> Iterator[Line]:
    """Each row as the API answers it."""
    shape = serializer()
    for row in rows:
        yield shape.to_representation(row)


ACCOUNT_KINDS = (
    Kind(
        "profile",
        lambda owner: lines_of(ProfileSerializer, User.objects.filter(pk=owner.user_id)),
    ),
    Kind(
        "api_key",
        lambda owner: lines_of(ExportedKeySerializer, by_key(ApiKey.objects.owned_by(owner))),
    ),
    Kind(
        "activity",
        lambda owner: lines_of(
            ActivityEventSerializer, by_time(ActivityEvent.objects.owned_by(owner), "timestamp")
        ),
    ),
    Kind(
        "activity_day",
        lambda owner: lines_of(ActivityDaySerializer, by_key(ActivityDay.objects.owned_by(owner))),
    ),
    Kind(
        "audit_entry",
        lambda owner: lines_of(
            AuditEntrySerializer,
            by_time(AuditEntry.objects.owned_by(owner).with_personal_data(), "created_at"),
        ),
    ),
)

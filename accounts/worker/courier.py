"""The courier: the worker's process that delivers notifications.

Receivers may be slow. The courier therefore waits for them in threads, a bounded number per
channel, and in a process of its own: processes that run tasks never wait for a receiver, and
e-mails never wait for webhooks. Only the main thread uses the database.
"""

import logging
import os
import signal
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import FrameType

from django.db import Error, close_old_connections

from accounts.background import failed_rows
from accounts.models import Notification
from accounts.notifications import delivery
from accounts.notifications.delivery import Outcome, RoundRobin
from gatewayz.database.bad_rows import is_caused_by_rows

logger = logging.getLogger(__name__)

# How many are sent concurrently; at most one per user and channel.
WEBHOOKS, EMAILS = 32, 4
POLL_SECONDS = 1.0
# Outcomes within this time are recorded together.
_LINGER_SECONDS = 0.05
# How long the courier waits for sends in progress when told to end: a little longer than a webhook
# takes.
END_SECONDS = 12.0


class ChannelSender:
    """Sends the notifications of one channel in a pool of threads, users in turn."""

    def __init__(self, channel: Notification.Channel, size: int) -> None:
        self.in_progress: dict[Future[Outcome], Notification] = {}
        self._position = RoundRobin(channel)
        self._size = size
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=channel.value)

    def fill(self) -> None:
        """Start sending what is due, as far as threads are free. Raises django.db.Error."""
        room = self._size - len(self.in_progress)
        for notification in delivery.claim(self._position, room) if room else ():
            future = self._threads.submit(delivery.send, notification)
            self.in_progress[future] = notification

    def record_done(self) -> None:
        """Record the outcomes of finished sends. Raises django.db.Error."""
        for future in [future for future in self.in_progress if future.done()]:
            notification = self.in_progress[future]
            try:
                delivery.record_outcome(notification, future.result())
            except Exception as error:
                if not is_caused_by_rows(error):
                    raise
                # Its claim expires by itself.
                failed_rows.record("notifications", f"notification {notification.pk}", error)
            del self.in_progress[future]


class Courier:
    """Delivers the notifications of all channels."""

    def __init__(self) -> None:
        self.senders = [
            ChannelSender(Notification.Channel.EMAIL, EMAILS),
            ChannelSender(Notification.Channel.WEBHOOK, WEBHOOKS),
        ]
        self._is_told_to_end = False

    def poll(self) -> None:
        """Record what is finished, and start sending what is due. Raises django.db.Error."""
        for sender in self.senders:
            sender.record_done()
            sender.fill()

    def wait(self, seconds: float) -> None:
        """Wait until a send finishes, at most `seconds`."""
        in_progress = [future for sender in self.senders for future in sender.in_progress]
        if not in_progress:
            time.sleep(seconds)
        elif wait(in_progress, seconds, FIRST_COMPLETED).done:
            time.sleep(_LINGER_SECONDS)

    def run(self) -> None:
        """Deliver until SIGTERM; then finish what is in progress, within END_SECONDS."""
        signal.signal(signal.SIGTERM, self._end)
        while not self._is_told_to_end:
            try:
                close_old_connections()
                self.poll()
            except Exception:
                logger.exception("The courier failed and continues")
                time.sleep(POLL_SECONDS)
            self.wait(POLL_SECONDS)
        self.finish()

    def finish(self) -> None:
        """Record the outcomes of sends in progress, within END_SECONDS; start nothing new."""
        ends_at = time.monotonic() + END_SECONDS
        while any(sender.in_progress for sender in self.senders) and time.monotonic() < ends_at:
            self.wait(POLL_SECONDS)
            try:
                for sender in self.senders:
                    sender.record_done()
            except Error:
                logger.exception("The courier could not record what it has sent")

    def _end(self, signum: int, frame: FrameType | None) -> None:
        self._is_told_to_end = True


def run() -> None:
    """Run the courier's process until it ends."""
    Courier().run()
    # Not a return, which would wait for the threads: a mail server may block one for longer.
    os._exit(0)

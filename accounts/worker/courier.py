"""The courier: the process of the worker that delivers notifications.

Receivers are slow as they like. So they are waited for in threads, a bounded number for each
channel, and in a process of its own: the processes that do tasks never wait for a receiver, and
e-mail never waits for webhooks. Only the main thread uses the database.
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

# How many are sent at the same time. Of each, a user has one.
WEBHOOKS, EMAILS = 32, 4
POLL_SECONDS = 1.0
# What is sent within this time is noted together.
_LINGER_SECONDS = 0.05
# When told to end, the courier waits for what it is sending: a little longer than webhooks take.
END_SECONDS = 12.0


class ChannelSender:
    """One channel: whose turn it is, and what is being sent."""

    def __init__(self, channel: Notification.Channel, size: int) -> None:
        self.under_way: dict[Future[Outcome], Notification] = {}
        self._turn = RoundRobin(channel)
        self._size = size
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=channel.value)

    def fill(self) -> None:
        """Begin to send what is due, as far as threads are free. Raises django.db.Error."""
        room = self._size - len(self.under_way)
        for notification in delivery.claim(self._turn, room) if room else ():
            future = self._threads.submit(delivery.send, notification)
            self.under_way[future] = notification

    def record_done(self) -> None:
        """Write down what became of what was sent. Raises django.db.Error."""
        for future in [future for future in self.under_way if future.done()]:
            notification = self.under_way[future]
            try:
                delivery.record_outcome(notification, future.result())
            except Exception as error:
                if not is_caused_by_rows(error):
                    raise
                # Its claim ends by itself.
                failed_rows.record("notifications", f"notification {notification.pk}", error)
            del self.under_way[future]


class Courier:
    def __init__(self) -> None:
        self.senders = [
            ChannelSender(Notification.Channel.EMAIL, EMAILS),
            ChannelSender(Notification.Channel.WEBHOOK, WEBHOOKS),
        ]
        self._is_told_to_end = False

    def poll(self) -> None:
        """Note what is done, and begin to send what is due. Raises django.db.Error."""
        for sender in self.senders:
            sender.record_done()
            sender.fill()

    def wait(self, seconds: float) -> None:
        """Wait until something that is under way is done, at most so long."""
        under_way = [future for sender in self.senders for future in sender.under_way]
        if not under_way:
            time.sleep(seconds)
        elif wait(under_way, seconds, FIRST_COMPLETED).done:
            time.sleep(_LINGER_SECONDS)

    def run(self) -> None:
        """Deliver until SIGTERM; then finish what is under way, within END_SECONDS."""
        signal.signal(signal.SIGTERM, self._end)
        while not self._is_told_to_end:
            try:
                close_old_connections()
                self.poll()
            except Exception:
                logger.exception("The courier goes on after a failure")
                time.sleep(POLL_SECONDS)
            self.wait(POLL_SECONDS)
        self.finish()

    def finish(self) -> None:
        """Note what becomes of what is under way, within END_SECONDS; begin nothing more."""
        ends_at = time.monotonic() + END_SECONDS
        while any(sender.under_way for sender in self.senders) and time.monotonic() < ends_at:
            self.wait(POLL_SECONDS)
            try:
                for sender in self.senders:
                    sender.record_done()
            except Error:
                logger.exception("The courier cannot note what it has sent")

    def _end(self, signum: int, frame: FrameType | None) -> None:
        self._is_told_to_end = True


def run() -> None:
    """What the courier's process does. It ends with the process."""
    Courier().run()
    # Not by returning, which waits for the threads: a mail server may keep one for longer.
    os._exit(0)

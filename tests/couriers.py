"""Delivering notifications in the process of the tests."""

from accounts.worker.courier import Courier


def deliver_due() -> None:
    """Deliver what is due, as the courier of a worker does, until nothing is under way."""
    courier = Courier()
    courier.poll()
    while any(sender.in_progress for sender in courier.senders):
        courier.wait(1)
        courier.poll()

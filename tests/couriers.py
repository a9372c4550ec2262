"""Delivering notifications in the process of the tests."""

from accounts.worker.courier import Courier


def deliver_due() -> None:
    """Deliver what is due, as the courier of a worker does, until nothing is under way."""
    courier = Courier()
    courier.look()
    while any(lane.under_way for lane in courier.lanes):
        courier.wait(1)
        courier.look()

"""How sending a notification fails."""


class DeliveryError(Exception):
    """It did not arrive; the text says why, to its owner.

    Only with `may_retry` is it certain that a further attempt does no harm.
    """

    def __init__(self, reason: str, *, may_retry: bool) -> None:
        super().__init__(reason)
        self.may_retry = may_retry

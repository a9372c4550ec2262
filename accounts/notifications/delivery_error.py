"""The error of sending a notification."""


class DeliveryError(Exception):
    """A message was not delivered; the text tells its owner why.

    `may_retry` is true only when another attempt certainly does no harm.
    """

    def __init__(self, reason: str, *, may_retry: bool) -> None:
        super().__init__(reason)
        self.may_retry = may_retry

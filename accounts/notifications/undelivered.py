"""How sending a notification fails."""


class Undelivered(Exception):  # noqa: N818, it names what became of the notification
    """It did not arrive; the text says why, to its owner.

    Only with `may_try_again` is it certain that a further attempt does no harm.
    """

    def __init__(self, reason: str, *, may_try_again: bool) -> None:
        super().__init__(reason)
        self.may_try_again = may_try_again

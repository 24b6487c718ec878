"""What a CRM can do to us, named by what the caller does next.

GateError
├── RetryLater      wait `after` seconds, then do the same again
│   └── NotYet      what was asked for is being prepared; other work need not wait for it
├── Reconnect       a person must renew the connection; do not hammer
└── Refused         the CRM will not do this until a person changes something
    └── OverBudget  our share of the API limit is spent for now
"""


class GateError(Exception):
    """Base of all: the message is a whole sentence that says what to do."""


class RetryLater(GateError):
    """Wait `after` seconds, then do the same again."""

    def __init__(self, message: str, after: float = 30.0) -> None:
        super().__init__(message)
        self.after = after


class NotYet(RetryLater):
    """What was asked for is being prepared; other work need not wait for it.

    `had`: what is held was whole once and has only grown old. Otherwise it is half, and nothing may be judged by it.
    """

    def __init__(self, message: str, after: float = 30.0, *, had: bool = False) -> None:
        super().__init__(message, after)
        self.had = had


class Reconnect(GateError):
    """A person must renew the connection."""


class Refused(GateError):
    """The CRM will not do this until a person changes something."""


class OverBudget(Refused):
    """Our share of the API limit is spent for now."""

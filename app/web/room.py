"""What every page needs at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.config import Settings
from app.store.session import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The store, the clock, and whom to wake when something was asked of a job and a connection (both by name).

    Waking only saves time: what was asked is in the store, and is found there without it.
    """

    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    wake: Callable[[str, str], None] = lambda job, connection: None

"""Keeps what arrives at one time in one transaction, since a commit costs the same for one event as for many."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from app.store import requests
from app.store.requests import Wish
from app.store.session import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    connection_id: int
    wishes: Sequence[Wish]
    at: datetime
    new: "Future[int]" = field(default_factory=Future)


class Keeper:
    """Who comes while another commits waits for a turn; whoever gets it commits for all who wait by then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Arrival] = deque()
        self._turn = Lock()

    def keep(self, connection_id: int, wishes: Sequence[Wish], at: datetime) -> int:
        """Return how many were new once all are on disk. Raises what the store raises; then none of them is kept."""
        mine = _Arrival(connection_id=connection_id, wishes=wishes, at=at)
        self._waiting.append(mine)
        with self._turn:
            if not mine.new.done():
                self._commit([self._waiting.popleft() for _ in range(len(self._waiting))])
        return mine.new.result()

    def _commit(self, together: Sequence[_Arrival]) -> None:
        try:
            with self._store.begin() as transaction:
                new = [requests.ask(transaction, one.connection_id, one.wishes, one.at) for one in together]
        except Exception as error:  # each of them waits for an answer
            for one in together:
                one.new.set_exception(error)
        else:
            for one, count in zip(together, new):
                one.new.set_result(count)

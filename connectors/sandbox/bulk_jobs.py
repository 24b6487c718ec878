"""The query jobs of one org: what each was asked and how far it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from connectors.sandbox.errors import not_found
from connectors.sandbox.ids import to18

State = Literal["UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]

OVER: frozenset[State] = frozenset({"JobComplete", "Failed", "Aborted"})
DAY, KEPT = timedelta(days=1), timedelta(days=7)


@dataclass(slots=True, kw_only=True)
class Job:
    """One query job. `began` is monotonic real time in seconds, `took` milliseconds of processing."""

    id: str
    user_id: str
    operation: str
    query: str
    object_name: str
    version: str
    delimiter: str
    line_ending: str
    created: datetime
    changed: datetime
    began: float
    state: State = "UploadComplete"
    header: str = ""
    rows: int = 0
    took: int = 0
    error: str | None = None

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def table(self) -> str:
        """Where the result is kept while the job exists."""
        return f"temp.bulk_{self.id}"


class Jobs:
    """They belong to the org and not to a session, so any valid token may go on with them."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._made: list[datetime] = []

    def add(self, job: Job) -> None:
        """Keep it, and count it for the daily limit even when it is deleted later."""
        self._jobs[job.id] = job
        self._made.append(job.created)

    def get(self, key: str) -> Job:
        """The job with this id of 15 or 18 characters; NOT_FOUND when there is none."""
        try:
            return self._jobs[to18(key)]
        except (ValueError, KeyError):
            raise not_found() from None

    def forget(self, job: Job) -> None:
        """There is no such job any more."""
        del self._jobs[job.id]

    def all(self) -> list[Job]:
        """Every job, oldest first."""
        return list(self._jobs.values())

    def made_today(self, now: datetime) -> int:
        """How many were made in the last 24 hours."""
        return sum(timedelta() <= now - made < DAY for made in self._made)

"""The open sessions: who holds which token, and since when it has been idle."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class _Session:
    user_id: str
    used: datetime


class Sessions:
    """Tokens of one org; they die of idleness, of being ended, and with the process."""

    def __init__(self) -> None:
        self._open: dict[str, _Session] = {}

    def open(self, org_id: str, user_id: str, now: datetime) -> str:
        """A new token for this user."""
        token = f"{org_id[:15]}!{secrets.token_urlsafe(60)}"
        self._open[token] = _Session(user_id, now)
        return token

    def user_of(self, token: str, now: datetime, idle: timedelta) -> str | None:
        """Whose token it is; None when it is unknown or was idle for too long."""
        session = self._open.get(token)
        if session is None:
            return None
        if now - session.used > idle:
            self.end(token)
            return None
        session.used = now
        return session.user_id

    def end(self, token: str) -> bool:
        """End one session; False when there was none."""
        return self._open.pop(token, None) is not None

    def end_all(self) -> None:
        """End every session."""
        self._open.clear()

"""Reads no body of the API further than a limit: it is read before anybody looks at the token."""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BYTES = 5_000_000
HANG_UP = {"Connection": "close"}
"""Without it the server would read the rest, to no use, before the next request."""


class Bounded:
    """The app, with 413 for who sends too much under /api/; hooks have bounds of their own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BYTES:
                raise HTTPException(413, f"Send at most {LARGEST_BYTES:,} bytes.", HANG_UP)
            return message

        in_api = scope["type"] == "http" and scope["path"].startswith("/api/")
        await self._app(scope, counted if in_api else receive, send)

"""Reads a body no further than a limit, so that no stranger decides how much memory or time he gets."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

LARGEST_BYTES = 1_000_000
PATIENCE_SECONDS = 10
HANG_UP = {"Connection": "close"}
"""Without it the server would read the rest, to no use, before the next request."""


def bounded(content_type: str) -> Callable[[Request], Awaitable[bytes]]:
    """What reads a body of this type, or ends the request."""

    async def body(request: Request) -> bytes:
        if not _is(content_type, request):
            raise HTTPException(415, f"Send {content_type} in UTF-8, not compressed.", HANG_UP)
        if int(request.headers.get("content-length", "0")) > LARGEST_BYTES:
            raise _too_large()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await _read(request)
        except TimeoutError:
            raise HTTPException(408, f"The body took more than {PATIENCE_SECONDS} seconds.", HANG_UP) from None
        except ClientDisconnect:
            raise HTTPException(400, "The body was cut off.", HANG_UP) from None

    return body


def _is(content_type: str, request: Request) -> bool:
    given, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    return given.strip() == content_type and charset in ("", "utf-8") and "content-encoding" not in request.headers


async def _read(request: Request) -> bytes:
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > LARGEST_BYTES:
            raise _too_large()
    return bytes(read)


def _too_large() -> HTTPException:
    return HTTPException(413, f"Send at most {LARGEST_BYTES:,} bytes.", HANG_UP)

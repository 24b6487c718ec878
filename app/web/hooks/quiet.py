"""Keeps addresses that authorise out of every log, however loudly the server is started."""

import logging
import re

from fastapi import Request

_SECRET = re.compile(r"(/hooks/).*")


class _Quiet(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_SECRET.sub(r"\1…", one) if isinstance(one, str) else one for one in record.args)
        return True


_QUIET = _Quiet()


def keep_quiet() -> None:
    """Cut the addresses of hooks short in what uvicorn writes about each request, also where there is no such hook."""
    logging.getLogger("uvicorn.access").addFilter(_QUIET)


async def forget_address(request: Request) -> None:
    """Whoever names the address of this request from here on, as when it fails, names no secret."""
    request.scope["path"] = _SECRET.sub(r"\1…", request.scope["path"])

"""Keeps addresses that authorise out of the server's log, however loudly it is started."""

import logging
import re

_SECRET = re.compile(r"(/hooks/).*")


class _Quiet(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_SECRET.sub(r"\1…", one) if isinstance(one, str) else one for one in record.args)
        return True


_QUIET = _Quiet()


def keep_quiet() -> None:
    """Cut the addresses of hooks short in what uvicorn writes about each request."""
    logging.getLogger("uvicorn.access").addFilter(_QUIET)

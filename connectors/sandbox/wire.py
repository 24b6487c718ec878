"""Where calls meet the network, and where ordered trouble happens to them."""

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors.sandbox.call import JSON, Answer, Call
from connectors.sandbox.desk import Desk
from connectors.sandbox.faults import Fault

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WORTH_ZIPPING = 1000


class Connections:
    """The open connections by peer address, so that one can be cut without an answer."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """A protocol class for the server that enters its connections here."""
        book = self._open

        class Entered(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.client:
                    book[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client:
                    book.pop(self.client, None)
                super().connection_lost(exc)

            def shutdown(self) -> None:
                # an idle client never answers the goodbye that TLS waits for, and the socket would outlive the server
                self.transport.abort()

        return Entered

    def cut(self, peer: tuple[str, int]) -> None:
        """Close the connection at once, whatever was about to be sent."""
        transport = self._open.get(peer)
        if transport is not None:
            transport.abort()


class Application:
    """The ASGI application around a desk."""

    def __init__(self, desk: Desk, connections: Connections, base_url: str) -> None:
        self._desk = desk
        self._connections = connections
        self._base_url = base_url

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one call; uvicorn is told to keep the lifespan protocol off."""
        call = _call(scope, await _body(receive), self._base_url)
        fault = None
        if not call.path.startswith("/sandbox/"):
            fault = self._desk.org.faults.for_call(call.method, call.target, call.body.decode("utf-8", "replace"))
        cut = await self._perform(call, fault, send)
        if cut:
            self._connections.cut((scope["client"][0], scope["client"][1]))
            await _gone(receive)

    async def _perform(self, call: Call, fault: Fault | None, send: Send) -> bool:
        """Answer, or let the fault have its way; True asks for the connection to be cut."""
        effect = fault.effect if fault else None
        if effect == "drop_before":
            self._desk.note(call, 0)
            return True
        if fault and effect == "late":
            self._desk.put_off(call, fault.seconds)
            return True
        if fault and effect == "slow":
            await asyncio.sleep(fault.seconds)
        if effect == "expire_session":
            self._desk.org.sessions.end(call.headers.get("authorization", "").partition(" ")[2])
        if fault and effect in ("answer", "html_200"):
            answered = _spoilt(fault)
            self._desk.note(call, answered.status)
        else:
            answered = self._desk.answer(call)
        if effect == "drop_after":
            return True
        body, headers = _packed(call, answered)
        if effect == "malformed_json":
            body, headers = b'{"records": [{"Id": ', {"content-type": JSON}
        if effect == "strip_limit_header":
            headers.pop("sforce-limit-info", None)
        if effect == "strip_sforce_headers":
            headers = {name: value for name, value in headers.items() if not name.startswith("sforce-")}
        await _send(send, answered.status, headers, body, cut=effect == "cut_body")
        return effect == "cut_body"


def _call(scope: MutableMapping[str, Any], body: bytes, base_url: str) -> Call:
    raw = scope["raw_path"].decode("ascii") if scope.get("raw_path") else scope["path"]
    return Call(
        method=scope["method"],
        path=raw,
        query_string=scope["query_string"].decode("ascii", "replace"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
        base_url=base_url,
    )


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _gone(receive: Receive) -> None:
    """Wait until the server has noticed that the connection is cut, or it would answer with an error page."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _spoilt(fault: Fault) -> Answer:
    if fault.effect == "html_200":
        page = b"<!DOCTYPE html><html><body><h1>We are down for maintenance</h1></body></html>"
        return Answer(value=page, headers={"Content-Type": "text/html;charset=UTF-8"})
    kind = JSON if re.match(r"\s*[\[{]", fault.answer) else "text/html;charset=UTF-8"
    return Answer(
        status=fault.status, value=fault.answer.encode(), headers={"Content-Type": kind, **(fault.headers or {})}
    )


def _packed(call: Call, answered: Answer) -> tuple[bytes, dict[str, str]]:
    headers = {name.lower(): value for name, value in answered.headers.items()}
    body = answered.body
    if body:
        headers.setdefault("content-type", JSON)
    if "gzip" in call.headers.get("accept-encoding", "") and len(body) > WORTH_ZIPPING:
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    return body, headers


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes, *, cut: bool) -> None:
    listed = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if status not in (204, 304):
        listed.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": listed})
    if cut:
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await asyncio.sleep(0.05)  # lets the first half reach the client, or it would see a plain drop
        return
    await send({"type": "http.response.body", "body": body})

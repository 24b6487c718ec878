"""Starting and stopping the sandbox: in a thread for tests and demos, or in the foreground for people."""

import contextlib
import json
import os
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trustme
import uvicorn

from connectors.sandbox.desk import Desk
from connectors.sandbox.org import Org
from connectors.sandbox.sign_in import register
from connectors.sandbox.wire import Application, Connections

HOST = "127.0.0.1"
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A started sandbox and everything a client needs to sign in to it; leaving its `with` block stops it."""

    url: str
    ca_file: str | None
    org: Org
    client_id: str
    username: str
    private_key_pem: str = field(repr=False)
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    _stop: Callable[[], None] = field(repr=False)

    def stop(self) -> None:
        """Stop answering; the org itself stays usable in process."""
        self._stop()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def start(*, org: Org, port: int = 0, tls: bool = True) -> Running:
    """Serve the org from a thread of this process; returns once it answers. Port 0 takes a free one."""
    stack = contextlib.ExitStack()
    certificates = stack.enter_context(_temporary_certificates()) if tls else None
    listener = _listener(port)
    url = _url(listener, tls)
    server = _server(org, url, certificates)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
    thread.start()
    _wait(server, thread)

    def stop() -> None:
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE_SECONDS)
        listener.close()
        stack.close()

    return _running(org, url, certificates, stop)


def serve(*, org: Org, port: int, tls: bool, key_dir: Path) -> None:
    """Serve the org until Ctrl-C; the certificate authority and what a client needs lie in `key_dir`, mode 0600."""
    key_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificates = _kept_certificates(key_dir) if tls else None
    listener = _listener(port)
    url = _url(listener, tls)
    _write_connection(key_dir, _running(org, url, certificates, lambda: None))
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(listener):
        _server(org, url, certificates).run(sockets=[listener])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Certificates:
    ca_file: Path
    chain_file: Path


def _running(org: Org, url: str, certificates: _Certificates | None, stop: Callable[[], None]) -> Running:
    app = register(org)
    return Running(
        url=url,
        ca_file=str(certificates.ca_file) if certificates else None,
        org=org,
        client_id=app["client_id"],
        username=str(org.record("User", org.user_id)["Username"]),
        private_key_pem=app["private_key_pem"],
        client_secret=app["client_secret"],
        refresh_token=app["refresh_token"],
        _stop=stop,
    )


def _server(org: Org, url: str, certificates: _Certificates | None) -> uvicorn.Server:
    connections = Connections()
    config = uvicorn.Config(
        Application(Desk(org), connections, url),
        http=connections.protocol(),
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        h11_max_incomplete_event_size=65536,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
    )
    config.load()
    if certificates:
        config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        config.ssl.load_cert_chain(certificates.chain_file)
        config.ssl.sni_callback = _refusing(org)
    return uvicorn.Server(config)


def _refusing(org: Org) -> Callable[..., int | None]:
    """Asked for every client's hello, named or not; an alert instead of None ends the handshake."""

    def answer(*_hello: object) -> int | None:
        if org.settings.handshake_refusals <= 0:
            return None
        org.settings.handshake_refusals -= 1
        return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR

    return answer


def _listener(port: int) -> socket.socket:
    # Named as TCP, or asyncio would leave Nagle's algorithm on, at 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(128)  # whoever reads the address before the server runs waits instead of being refused
    return listener


def _url(listener: socket.socket, tls: bool) -> str:
    return f"{'https' if tls else 'http'}://{HOST}:{listener.getsockname()[1]}"


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The sandbox did not start; is its port taken?")
        time.sleep(0.005)


@contextlib.contextmanager
def _temporary_certificates() -> Iterator[_Certificates]:
    with tempfile.TemporaryDirectory(prefix="coachsync-sandbox-") as folder:
        yield _issue(trustme.CA(key_type=trustme.KeyType.ECDSA), Path(folder))


def _kept_certificates(folder: Path) -> _Certificates:
    """The authority is made once, so that clients keep trusting a sandbox that was restarted."""
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        return _issue(trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes()), folder)
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    _write_private(key, authority.private_key_pem.bytes())
    return _issue(authority, folder)


def _issue(authority: trustme.CA, folder: Path) -> _Certificates:
    found = _Certificates(ca_file=folder / "ca.pem", chain_file=folder / "server.pem")
    leaf = authority.issue_cert(HOST, "localhost", key_type=trustme.KeyType.ECDSA)
    _write_private(found.ca_file, authority.cert_pem.bytes())
    _write_private(found.chain_file, leaf.private_key_and_cert_chain_pem.bytes())
    return found


def _write_connection(folder: Path, running: Running) -> None:
    _write_private(folder / "client.key", running.private_key_pem.encode())
    facts = {
        "url": running.url,
        "ca_file": running.ca_file,
        "client_id": running.client_id,
        "username": running.username,
        "private_key_file": str(folder / "client.key"),
        "client_secret": running.client_secret,
        "refresh_token": running.refresh_token,
    }
    _write_private(folder / "connection.json", json.dumps(facts, indent=2).encode())


def _write_private(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)

"""Rules tried because somebody asked over the API."""

from app.errors import Stop
from app.pipeline import Loop, Report
from app.store import canonical, requests, rulesets
from app.store.requests import Request
from app.trial.preview import managers_of, plain, preview
from coaching_rules.errors import RuleErrors
from coaching_rules.loader import load_texts
from coaching_rules.model import RuleSet


def previews(loop: Loop) -> Report:
    """Answer every waiting preview of this connection, each by itself: what cannot be tried says why."""
    report = Report(rhythm="preview", as_of=loop.clock())
    with loop.store.read() as transaction:
        waiting = requests.waiting(transaction, loop.org.id, "preview")
    for request in waiting:
        answer, error = None, None
        try:
            answer = _tried(loop, request)
        except (RuleErrors, Stop) as refusal:
            error = str(refusal)
        with loop.store.begin() as transaction:
            requests.answer(transaction, [request.id], loop.clock(), answer=answer, error=error)
    return report


def _tried(loop: Loop, request: Request) -> dict[str, object]:
    now = loop.clock()
    found = preview(loop.store, loop.org, loop.coaching, _rules(loop, request), as_of=now, now=now)
    with loop.store.read() as transaction:
        called = canonical.names(transaction, loop.org.id, managers_of(found))
    return plain(found, called)


def _rules(loop: Loop, request: Request) -> RuleSet:
    """The rules that came with the request, those of the version it names, or else the live ones."""
    version, files = request.arguments.get("version"), request.arguments.get("files")
    if version is not None:
        with loop.store.read() as transaction:
            files = rulesets.texts(transaction, version)
    return loop.rules if files is None else load_texts(files, f"version {version}" if version else "request")

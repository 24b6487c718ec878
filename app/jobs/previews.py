"""Rules tried because somebody asked over the API."""

from dataclasses import replace

import structlog

from app.errors import NotReady
from app.run import Loop, Report
from app.store import canonical, requests, rulesets
from app.store.requests import Request
from app.trial.preview import Preview, managers_of, plain, preview
from coaching_rules.errors import RuleErrors
from coaching_rules.loader import load_texts
from coaching_rules.model import RuleSet

log = structlog.get_logger(__name__)


def previews(loop: Loop) -> Report:
    """Answer every waiting preview of this connection, each by itself: one that cannot be tried says why."""
    with loop.store.read() as transaction:
        waiting = requests.waiting(transaction, loop.org.id, "preview")
    for request in waiting:
        answer, error = _answered(loop, request)
        with loop.store.begin() as transaction:
            requests.answer(transaction, [request.id], loop.clock(), answer=answer, error=error)
    return Report(rhythm="preview", as_of=loop.clock())


def _answered(loop: Loop, request: Request) -> tuple[dict[str, object] | None, str | None]:
    try:
        return _tried(loop, request), None
    except (RuleErrors, NotReady) as refusal:
        return None, str(refusal)
    except Exception as error:  # one that fails by a fault of ours must not be tried for ever, nor stop the others
        log.error("preview_failed", request=request.id, kind=type(error).__name__)
        return None, f"Something unexpected happened ({type(error).__name__})."


def _tried(loop: Loop, request: Request) -> dict[str, object]:
    now = loop.clock()
    found = preview(loop.store, loop.org, loop.coaching, _rules(loop, request), as_of=now, now=now)
    with loop.store.read() as transaction:
        called = canonical.names(transaction, loop.org.id, managers_of(found))
    return plain(_of_deals(found), called)


def _of_deals(found: Preview) -> Preview:
    """Without who is meant by rules about people: what is about a rep is for the rep and the manager; counts stay."""
    deals = {rule: [one for one in findings if one.grain == "deal"] for rule, findings in found.findings.items()}
    return replace(found, findings=deals)


def _rules(loop: Loop, request: Request) -> RuleSet:
    """The rules that came with the request, those of the version it names, or else the live ones."""
    version, files = request.arguments.get("version"), request.arguments.get("files")
    if version is not None:
        with loop.store.read() as transaction:
            files = rulesets.texts(transaction, version)
    return loop.rules if files is None else load_texts(files, f"version {version}" if version else "request")

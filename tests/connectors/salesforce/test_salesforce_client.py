"""The wire: what is tried again and what never is, what a 401 means, and what each kind of trouble is called."""

import json

import pytest

from connectors.errors import OverBudget, Reconnect, Refused, RetryLater
from connectors.sandbox import control

DEALS = "queryAll.*FROM.Opportunity"


def refusal(code, message="no"):
    return json.dumps([{"errorCode": code, "message": message}])


@pytest.mark.parametrize(
    "order",
    [
        {"effect": "html_200"},
        {"effect": "malformed_json"},
        {"effect": "cut_body"},
        {"effect": "drop_before"},
        {"effect": "drop_after"},
        {"effect": "answer", "status": 200, "answer": "[]"},
        *({"effect": "answer", "status": status, "answer": ""} for status in (406, 420, 429, 500, 502, 503, 504)),
        {"effect": "answer", "status": 503, "answer": "<html>maintenance</html>"},
        {"effect": "answer", "status": 400, "answer": refusal("UNABLE_TO_LOCK_ROW")},
        {"effect": "answer", "status": 400, "answer": refusal("QUERY_TIMEOUT")},
        {"effect": "answer", "status": 500, "answer": refusal("UNKNOWN_EXCEPTION")},
        {"effect": "answer", "status": 403, "answer": refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit")},
        {"effect": "answer", "status": 403, "answer": "<html>proxy</html>"},
    ],
    ids=lambda order: f"{order['effect']}-{order.get('status', '')}-{order.get('answer', '')[:30]}",
)
def test_trouble_that_passes_means_later(place, order):
    """A read is tried once more when it may help, and then handed back with a time to wait."""
    met = place.trouble(path=DEALS, **order)
    with pytest.raises(RetryLater) as raised:
        place.pages("deal")
    assert raised.value.after > 0
    assert str(raised.value).endswith((".", "?"))
    assert met.met == (1 if order.get("status") == 200 else 2)  # well-formed nonsense is not asked for again at once


def test_trouble_that_passes_at_once_is_not_noticed(place):
    """One repeat with the same headers, and the page is there."""
    place.deal()
    for effect in ("drop_before", "cut_body", "malformed_json", "html_200"):
        place.org.faults.clear()
        met = place.trouble(effect, path=DEALS, times=1)
        assert len(place.pull("deal")[0]) == 1
        assert met.met == 1


def test_an_answer_that_does_not_come_is_given_up(place):
    """Failure 28: nothing waits for ever."""
    place.trouble("slow", path=DEALS, seconds=1.0)
    with pytest.raises(RetryLater, match="did not answer"):
        place.pages("deal", read_seconds=0.3)


@pytest.mark.parametrize("effect", ["drop_after", "drop_before", "cut_body", "html_200", "malformed_json"])
def test_a_write_is_sent_once_whatever_comes_back(place, effect):
    """Failure 32: its outcome is unknown, so only a look at the org may lead to another try."""
    met = place.trouble(effect, method="PATCH", path="composite/sobjects/Task")
    with pytest.raises(RetryLater):
        list(place.connector().push([place.task()]))
    assert met.met == 1
    place.org.faults.clear()
    met = place.trouble("answer", method="POST", path="composite$", status=503)
    with pytest.raises(RetryLater):
        list(place.connector().push([place.note(place.deal())]))
    assert met.met == 1


def test_a_read_by_post_is_harmless_and_tried_again(place):
    """Looking at what stands there before an update changes nothing."""
    (receipt,) = place.push(place.task())
    met = place.trouble("drop_before", method="POST", path="composite/sobjects/Task", times=1)
    known = place.task(crm_id=receipt.crm_id, last_written=place.says(), fields={"body": "New"})
    assert place.push(known)[0].status == "stored"
    assert met.met == 1


def test_a_dead_session_is_renewed_once_and_the_same_call_repeated(place):
    """Also for a write, which a 401 did not let in; address, body and headers are the same."""
    heard = place.listen()
    connector = place.connector()
    list(connector.pull("user", None))
    control.configure(place.org, expire_sessions=True)
    (receipt,) = connector.push([place.task()])
    assert (receipt.status, receipt.created) == ("stored", True)
    assert place.tokens(heard) == 2
    sent = [call for call in heard if call[0] == "PATCH"]
    assert len(sent) in (1, 2)
    assert len(set(sent)) == 1
    assert place.org.count("Task") == 1


def test_two_refused_sessions_in_a_row_ask_for_a_person(place):
    """No loop of signing in: one session in the beginning, one new one, and then a sentence."""
    heard = place.listen()
    place.trouble("answer", path=DEALS, status=401, answer=refusal("INVALID_SESSION_ID", "Session expired or invalid"))
    with pytest.raises(Reconnect, match="connect again"):
        place.pages("deal")
    assert place.tokens(heard) == 2


@pytest.mark.parametrize(
    "said", ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"]
)
def test_a_session_that_may_not_speak_is_not_renewed(place, said):
    """Another session would be refused like this one."""
    heard = place.listen()
    place.trouble("answer", path=DEALS, status=401, answer=refusal("INVALID_SESSION_ID", said))
    with pytest.raises(Reconnect, match="may not use the REST API"):
        place.pages("deal")
    assert place.tokens(heard) == 1


def test_a_refusal_says_what_and_what_to_do(place):
    """Permanent trouble is not tried again."""
    met = place.trouble("answer", path=DEALS, status=403, answer=refusal("API_DISABLED_FOR_ORG", "API is not enabled"))
    with pytest.raises(Refused, match=r"API_DISABLED_FOR_ORG.*API Enabled"):
        place.pages("deal")
    assert met.met == 1


def test_a_retired_version_is_named(place):
    """410 is for a person: another version must be chosen."""
    with pytest.raises(Refused, match="no longer available"):
        place.pages("deal", api_version="49.0")


def test_the_daily_limit_of_the_org_stops_everything(place):
    """Failure 24: spent by whomever, it is a stop with a reason and not an empty success."""
    place.org.settings.daily_limit = 2
    with pytest.raises(OverBudget, match="24 hours"):
        place.pages("deal", page_size=200, share=1e9)


def test_our_share_of_the_limit_stops_us_alone(place):
    """Failure 24: it counts what earlier processes spent, and nothing is asked any more."""
    place.org.settings.daily_limit = 100
    connector = place.connector(share=0.1, spent_before=6)
    list(connector.pull("stage", None))
    assert connector.spent_share() == pytest.approx(0.9)
    heard = place.listen()
    with pytest.raises(OverBudget, match="10%"):
        list(connector.pull("deal", None))
    assert [path for _, path, _ in heard if "oauth2" not in path] == [heard[0][1]]
    assert connector.usage().calls == 4
    assert connector.usage().limit == 100
    assert connector.usage().used == place.org.calls_today

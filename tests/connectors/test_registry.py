"""The only door to the CRMs: what is there, and what is said of what is not."""

from datetime import timedelta
from typing import get_args

import pytest

from connectors import registry
from connectors.errors import Refused
from connectors.records import KINDS, Writing

PASSED = {"save": print, "share": 0.1, "spent_before": 0, "overlap": timedelta(minutes=5)}
SETTINGS = {"login_url": "https://127.0.0.1:1", "client_id": "3MVG9lantern", "dir": "."}
ASKED = ("check", "pull", "census", "present", "deal_id", "fresh", "push", "usage", "spent_share")
QUALITIES = {"pull-incremental", "pull-deletes", "push-idempotent", "rate-limit", "reconnect"}


@pytest.mark.parametrize("name", registry.manifests())
def test_every_manifest_speaks_of_every_kind_and_quality(name):
    """Each kind has a cursor, what is written is a task or a note, and an exemption says why."""
    manifest = registry.manifests()[name]
    assert set(manifest["reads"]) == set(KINDS)
    assert set(manifest["writes"]) <= set(get_args(Writing))
    assert isinstance(manifest["fresh"], bool)
    assert set(manifest["quality"]) >= QUALITIES
    for status in manifest["quality"].values():
        assert status == "done" or (status["status"] == "exempt" and status["why"])


@pytest.mark.parametrize("name", registry.manifests())
def test_every_connector_answers_to_the_whole_port(name):
    """And asks nothing of the CRM while it is only being joined."""
    connector = registry.get(name, SETTINGS, lambda: {"client_secret": "x"}, **PASSED)
    assert all(callable(getattr(connector, asked)) for asked in ASKED)
    assert connector.writes == set(registry.manifests()[name]["writes"])
    assert connector.usage().calls == 0
    assert connector.spent_share() == 0.0


def test_a_crm_we_do_not_speak_is_refused_with_those_we_do():
    """A sentence with the names there are."""
    with pytest.raises(Refused, match="no connector 'abacus'; there are: salesforce"):
        registry.get("abacus", SETTINGS, dict, **PASSED)


def test_the_sandbox_is_no_crm():
    """It is what connectors are tried on, and cannot be connected to by its own name."""
    with pytest.raises(Refused):
        registry.get("sandbox", SETTINGS, dict, **PASSED)

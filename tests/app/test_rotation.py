"""Failure 21: a refresh token that is used twice revokes everything, so whoever signs in uses the newest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_org import IMPATIENT, NAME, Company, open_company

from app import pipeline
from app.gate import named
from app.store import connections
from app.store.session import Store
from connectors.sandbox import control


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    """Connected by a refresh token, of which the org gives another one at each sign-in."""
    found = open_company(store, tmp_path)
    running = found.running
    settings = {"login_url": running.url, "client_id": running.client_id, "ca_file": running.ca_file}
    secrets = {"client_secret": running.client_secret, "refresh_token": running.refresh_token}
    control.configure(found.org, rotate_refresh_tokens=True)
    with store.begin() as transaction:
        connections.save(
            transaction, found.vault, NAME, "salesforce", settings | IMPATIENT | {"key_field": "Coaching_Key__c"},
            secrets, found.now,
        )  # fmt: skip
    yield found
    found.close()


def test_a_run_that_was_laid_out_before_another_signed_in_uses_the_newest_token(company: Company) -> None:
    """Failure 21: what a process read before it had the lock may be spent by the time it signs in."""
    first = company.loop()
    company.often()
    company.later(minutes=5)
    pipeline.often(first)
    company.later(minutes=5)
    company.often()
    assert named(company.store, NAME).paused is None


def test_a_session_that_ends_in_the_middle_is_renewed_with_the_token_of_the_last_sign_in(company: Company) -> None:
    """Failure 21: within one run the token changes hands as well."""

    def end(kind: str, *_: object) -> None:
        if kind == "deal":
            control.configure(company.org, expire_sessions=True)

    pipeline.often(company.loop(end))
    assert company.status()["records"]["activity"] == 8
    company.later(minutes=5)
    company.often()

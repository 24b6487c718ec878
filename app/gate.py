"""Opens the gate of a stored connection: its secrets, its share of the API budget, and where rotated tokens go."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from app.config import Coaching
from app.errors import NotReady
from app.store import canonical, connections, runs
from app.store.connections import Org, Vault
from app.store.session import Store
from connectors import registry
from connectors.base import Connector


def open_gate(
    store: Store,
    vault: Vault,
    org: Org,
    coaching: Coaching,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
) -> Connector:
    """A connector for this org; nothing is asked of the CRM yet.

    `clock` is ours, which bounds what the CRM's says; None: that is believed. The secrets are read when it signs in,
    which is within the run's lock: of a refresh token that is used twice, as by two processes, nothing is left.
    """

    def secrets() -> Mapping[str, str]:
        with store.read() as connection:
            return connections.secrets_of(connection, vault, org)

    def save(rotated: Mapping[str, str]) -> None:
        with store.begin() as connection:
            connections.keep_secrets(connection, vault, org, rotated)

    with store.read() as connection:
        spent = runs.calls_lately(connection, org.id, now)
    return registry.get(
        org.crm,
        org.settings,
        secrets,
        save=save,
        share=coaching.api_share,
        spent_before=spent,
        overlap=timedelta(minutes=coaching.overlap_minutes),
        clock=clock,
    )


def named(store: Store, name: str) -> Org:
    """The connection of this name; raises NotReady with the names there are."""
    with store.read() as connection:
        found = connections.find(connection, name)
        known = [org.name for org in connections.every(connection)]
    if found is None:
        there = f"there are: {', '.join(known)}" if known else "there is none yet"
        raise NotReady(
            f"There is no connection '{name}'; {there}. Make one with `coachsync connect salesforce NAME …`."
        )
    return found


def is_read_only(org: Org) -> bool:
    """Whether nothing can be written there: a copy of the CRM, as old as its newest row."""
    return not registry.manifests().get(org.crm, {}).get("writes", True)


def judged_as_of(store: Store, org: Org, now: datetime) -> datetime:
    """As of when to judge where nobody says so: now, or where it is a copy, when the newest of it was changed."""
    if not is_read_only(org):
        return now
    with store.read() as connection:
        return min(canonical.newest(connection, org.id) or now, now)


def must_hold_rows(store: Store, org: Org) -> None:
    """Raises NotReady before a connection's first pull."""
    with store.read() as connection:
        if not runs.read_at(connection, org.id):
            raise NotReady(f"Nothing has been pulled from '{org.name}' yet; run `coachsync pull {org.name}` first.")

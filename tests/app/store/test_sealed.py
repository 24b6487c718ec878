"""A new key takes the place of an old one: every secret is read with it, and none is lost on the way."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select
from typer.testing import CliRunner

from app.cli.commands import cli
from app.store import connections, hooks, schema
from app.store.connections import Vault, put_new_key
from app.store.hooks import Kind
from app.store.sealed import rekey
from app.store.session import Store, StoreFailed, Transaction, open_store

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
SECRETS = {"client_secret": "moonlight sonata"}
FORMER, NEW = (Fernet.generate_key().decode() for _ in range(2))
KINDS: tuple[Kind, ...] = ("outbound_message", "flow", "signed")


def furnish(transaction: Transaction, vault: Vault) -> None:
    """A connection with a hook of each kind, whose secrets were all renewed once."""
    connections.save(transaction, vault, "amber", "salesforce", {}, SECRETS, NOW)
    org = connections.find(transaction, "amber")
    assert org
    for kind in KINDS:
        hook = hooks.create(transaction, org.id, kind, hooks.kept(vault, kind, f"first {kind}"), NOW)
        hooks.rotate(transaction, hook, hooks.kept(vault, kind, f"second {kind}"), NOW, NOW)


def test_every_secret_gets_the_new_key(store: Store, tmp_path: Path) -> None:
    """Those of connections and those that sign, the former ones too; what is only compared stays as it is."""
    with store.begin() as transaction:
        furnish(transaction, Vault(tmp_path, FORMER))
        assert rekey(transaction, Vault(tmp_path, f"{NEW}, {FORMER}")) == 3
    vault = Vault(tmp_path, NEW)
    with store.read() as transaction:
        org = connections.find(transaction, "amber")
        assert org
        assert connections.secrets_of(transaction, vault, org) == SECRETS
        found = {kind: hooks.of(transaction, org.id, kind) for kind in KINDS}
    signed, flow = found["signed"], found["flow"]
    assert signed
    assert signed.former
    assert flow
    assert (hooks.readable(vault, signed.secret), hooks.readable(vault, signed.former)) == (
        "second signed",
        "first signed",
    )
    assert (flow.secret, flow.former) == (hooks.hashed("second flow"), hooks.hashed("first flow"))


def test_a_secret_that_no_key_opens_leaves_all_as_they_are(store: Store, tmp_path: Path) -> None:
    """The keys that are given do not open what is stored: nothing is changed."""
    with store.begin() as transaction:
        furnish(transaction, Vault(tmp_path, FORMER))
        before = transaction.scalars(select(hooks.hooks.c.secret)).all()
    with pytest.raises(StoreFailed, match="another key"), store.begin() as transaction:
        rekey(transaction, Vault(tmp_path, NEW))
    with store.read() as transaction:
        assert transaction.scalars(select(hooks.hooks.c.secret)).all() == before


def test_a_key_file_keeps_its_former_keys(tmp_path: Path) -> None:
    """What was encrypted stays readable, what is encrypted now is not for the former key, and nobody else reads it."""
    text = Vault(tmp_path, None).close_in(SECRETS)
    former = (tmp_path / "secret.key").read_text(encoding="ascii")
    put_new_key(tmp_path)
    assert Vault(tmp_path, None).open_up(text) == SECRETS
    with pytest.raises(StoreFailed, match="another key"):
        Vault(tmp_path, former).open_up(Vault(tmp_path, None).close_in(SECRETS))
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()] == [("secret.key", 0o600)]


@pytest.mark.parametrize("environment", [{}, {"COACHSYNC_SECRET_KEY": f"{NEW},{FORMER}"}])
def test_the_command_makes_the_first_key_the_one_that_counts(tmp_path: Path, environment: dict[str, str]) -> None:
    """With a key file it makes the key itself; it can be repeated."""
    store = open_store(f"sqlite:///{tmp_path}/coachsync.sqlite3")
    schema.ready(store)
    with store.begin() as transaction:
        furnish(transaction, Vault(tmp_path, FORMER if environment else None))
    for _ in range(2):
        done = CliRunner().invoke(cli, ["db", "rekey"], env={"COACHSYNC_HOME": str(tmp_path), **environment})
        assert done.stdout.startswith("Encrypted with the new key: 3.")
    first = NEW if environment else (tmp_path / "secret.key").read_text(encoding="ascii").split()[0]
    with store.read() as transaction:
        org = connections.find(transaction, "amber")
        assert org
        assert connections.secrets_of(transaction, Vault(tmp_path, first), org) == SECRETS
    store.close()

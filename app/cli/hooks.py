"""The doors of a connection: open one, renew its secret, list them, close one."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from app.cli.desk import now, opened, out, read_settings, say, vault_of
from app.cli.options import AsJson, Name
from app.errors import NotReady
from app.gate import named
from app.store import hooks
from app.store.hooks import Hook, Kind
from app.store.session import Transaction

hook_cli = typer.Typer(help="Let other systems tell of events.", no_args_is_help=True)

ADDRESSES = {
    "outbound_message": "/hooks/salesforce/{door}/{secret}",
    "flow": "/hooks/flow/{door}",
    "signed": "/hooks/signed/{door}",
}
SECRETS = {
    "outbound_message": "The address holds the secret.",
    "flow": "Header X-Coachsync-Secret: {secret}",
    "signed": "Signing secret: {secret}",
}

OfKind = Annotated[Kind, typer.Option("--kind", help="Who sends: Outbound Messages, a Flow, or signed JSON.")]
Base = Annotated[str, typer.Option(help="What stands before /hooks in your address, for printing it whole.")]


@hook_cli.command("create")
def create(
    name: Name,
    kind: OfKind,
    organization_id: Annotated[
        str | None, typer.Option(help="Id of the org (Setup, Company Information); Outbound Messages name it.")
    ] = None,
    certificate_header: Annotated[
        str | None, typer.Option(help="Header in which your proxy passes on the client certificate it has checked.")
    ] = None,
    certificate_value: Annotated[str | None, typer.Option(help="What that header must say.")] = None,
    base: Base = "",
    as_json: AsJson = False,
) -> None:
    """Open a door and print its address and secret, once."""
    settings = read_settings()
    secret = hooks.new_secret(kind)
    with opened(settings) as store:
        org = named(store, name)
        with store.begin() as transaction:
            if hooks.of(transaction, org.id, kind):
                raise NotReady(
                    f"'{name}' has this hook; `coachsync hook rotate {name} --kind {kind}` renews its secret."
                )
            hook = hooks.create(
                transaction,
                org.id,
                kind,
                hooks.kept(vault_of(settings), kind, secret),
                now(),
                organization_id=_organization(kind, organization_id),
                certificate=_certificate(certificate_header, certificate_value),
            )
    _tell(hook, secret, base, as_json)


def _organization(kind: Kind, organization_id: str | None) -> str | None:
    if kind != "outbound_message":
        return None
    if not organization_id or len(organization_id) not in (15, 18) or not organization_id.startswith("00D"):
        raise NotReady("Outbound Messages name their org: give --organization-id 00D… (Setup, Company Information).")
    return organization_id


def _certificate(header: str | None, value: str | None) -> tuple[str, str] | None:
    if header and value:
        return header, value
    if header or value:
        raise NotReady("--certificate-header and --certificate-value belong together.")
    return None


@hook_cli.command("rotate")
def rotate(
    name: Name,
    kind: OfKind,
    keep_hours: Annotated[
        float, typer.Option(min=0, help="How long the present secret counts beside the new one.")
    ] = 24,
    base: Base = "",
    as_json: AsJson = False,
) -> None:
    """Renew the secret of a hook and print it, once; give 0 hours when the present one has leaked."""
    settings, secret, moment = read_settings(), hooks.new_secret(kind), now()
    with opened(settings) as store:
        org = named(store, name)
        with store.begin() as transaction:
            hook = _existing(transaction, org.id, name, kind)
            closed = hooks.kept(vault_of(settings), kind, secret)
            hooks.rotate(transaction, hook, closed, moment, moment + timedelta(hours=keep_hours))
    _tell(hook, secret, base, as_json)


@hook_cli.command("list")
def listed(as_json: AsJson = False) -> None:
    """Every hook, without its secret."""
    with opened(read_settings()) as store, store.read() as transaction:
        known, moment = hooks.every(transaction), now()
    if as_json:
        say({"hooks": [_plain(hook, moment) for hook in known]})
        return
    for hook in known:
        out.print(_line(hook, moment), soft_wrap=True)
    if not known:
        out.print("There is no hook yet; see `coachsync hook create --help`.")


def _line(hook: Hook, moment: datetime) -> str:
    secrets = "one secret" if len(hook.accepted(moment)) == 1 else "two secrets"
    since = f"{hook.rotated_at or hook.created_at:%Y-%m-%d %H:%M} UTC"
    certificate = f", client certificate in {hook.certificate_header}" if hook.certificate_header else ""
    return (
        f"{hook.connection}: {hook.kind} at {_address(hook, '…', '')}, {secrets} (the newest of {since}){certificate}."
    )


@hook_cli.command("remove")
def remove(name: Name, kind: OfKind) -> None:
    """Close a door for good; what came in by it is kept."""
    with opened(read_settings()) as store:
        org = named(store, name)
        with store.begin() as transaction:
            hooks.remove(transaction, _existing(transaction, org.id, name, kind))
    out.print(f"'{name}' no longer takes {kind}.")


def _existing(transaction: Transaction, org_id: int, name: str, kind: Kind) -> Hook:
    hook = hooks.of(transaction, org_id, kind)
    if hook is None:
        raise NotReady(f"'{name}' has no such hook; `coachsync hook list` shows which there are.")
    return hook


def _address(hook: Hook, secret: str, base: str) -> str:
    return base.rstrip("/") + ADDRESSES[hook.kind].format(door=hook.door, secret=secret)


def _tell(hook: Hook, secret: str, base: str, as_json: bool) -> None:
    address = _address(hook, secret, base)
    if as_json:
        say({"connection": hook.connection, "kind": hook.kind, "address": address, "secret": secret})
        return
    out.print(f"Address: {address}", soft_wrap=True)
    out.print(SECRETS[hook.kind].format(secret=secret), soft_wrap=True)
    out.print("It is not shown again.")


def _plain(hook: Hook, moment: datetime) -> dict[str, object]:
    return {
        "connection": hook.connection,
        "kind": hook.kind,
        "address": _address(hook, "…", ""),
        "organization_id": hook.organization_id,
        "certificate_header": hook.certificate_header,
        "created_at": hook.created_at,
        "rotated_at": hook.rotated_at,
        "secrets": len(hook.accepted(moment)),
    }

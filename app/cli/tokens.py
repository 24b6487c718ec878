"""Tokens for the API: make one, see which there are, end one."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from app.cli.desk import now, opened, out, read_settings, say
from app.cli.options import AsJson
from app.errors import NotReady
from app.gate import named
from app.store import tokens
from app.store.tokens import Role, Token

tokens_cli = typer.Typer(help="Give people and programs access to the API.", no_args_is_help=True)


@tokens_cli.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose token it is, to know it again in the list.")],
    role: Annotated[Role, typer.Option(help="What it may see; docs/api.md has the table.")],
    connection: Annotated[str | None, typer.Option(help="Connection of a leader, manager or rep.")] = None,
    user: Annotated[str | None, typer.Option(help="Id in the CRM of the manager or rep.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and show it, this once."""
    _check(role, connection, user)
    with opened(read_settings()) as store:
        org = named(store, connection) if connection else None
        with store.begin() as transaction:
            made = tokens.create(transaction, name, role, now(), connection_id=org.id if org else None, user_id=user)
    if as_json:
        say({"token": made})
    else:
        out.print(made, soft_wrap=True)


@tokens_cli.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """Every token without its secret, and when it was last used, to the hour."""
    with opened(read_settings()) as store, store.read() as transaction:
        found = tokens.every(transaction)
    say({"tokens": [asdict(token) for token in found]}) if as_json else _show(found)


@tokens_cli.command()
def revoke(number: Annotated[int, typer.Argument(help="Its number in the list.")]) -> None:
    """End a token at once."""
    with opened(read_settings()) as store, store.begin() as transaction:
        ended = tokens.revoke(transaction, number, now())
    if not ended:
        raise NotReady(f"There is no token {number} to end; `coachsync token list` shows them.")
    out.print(f"Token {number} is revoked.")


def _check(role: Role, connection: str | None, user: str | None) -> None:
    needs_user, needs_connection = role in ("manager", "rep"), role in ("leader", "manager", "rep")
    if needs_connection != bool(connection):
        raise NotReady(f"A token of role {role} {'needs' if needs_connection else 'takes no'} --connection.")
    if needs_user != bool(user):
        raise NotReady(f"A token of role {role} {'needs' if needs_user else 'takes no'} --user.")


def _show(found: list[Token]) -> None:
    table = Table("Number", "Name", "Role", "Connection", "User", "Last used", "Revoked")
    for token in found:
        moments = (f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (token.last_used_at, token.revoked_at))
        about = (str(token.id), token.name, token.role, token.connection or "", token.user_id or "")
        table.add_row(*about, *moments)
    out.print(table)

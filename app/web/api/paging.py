"""Long lists, a page at a time: the newest first, from behind the last one that was shown.

New rows come in front, so that a page never shows a row twice nor leaves one out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field

from app.store.listing import Slice

Shown = TypeVar("Shown")
MOST = 200
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Page(BaseModel, Generic[Shown]):
    """Some of a list. Ask again with `cursor` set to `next` for what follows; null at the end."""

    items: list[Shown]
    next: str | None = Field(examples=["1f"])


def _slice(
    cursor: Annotated[
        str | None, Query(description="`next` of the page before.", pattern=r"^[1-9a-f][0-9a-f]{0,7}$")
    ] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=MOST)] = 50,
) -> Slice:
    return Slice(before=int(cursor, 16) if cursor else None, most=limit)


Sliced = Annotated[Slice, Depends(_slice)]


def page(
    read: Callable[[Slice], Sequence[Mapping[str, Any]]], part: Slice, show: Callable[[Any], Shown]
) -> Page[Shown]:
    """The slice, read with one row more to know whether anything follows; every row has an `id`."""
    rows = read(replace(part, most=part.most + 1))
    shown, more = rows[: part.most], len(rows) > part.most
    return Page(items=[show(row) for row in shown], next=f"{shown[-1]['id']:x}" if more else None)

"""A hint: something may have happened to this deal. It is only believed that somebody should look."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import HTTPException
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from app.store.hooks import Kind
from app.store.requests import Wish
from coaching_rules.model import Trigger

JOB = "review"
MOST_HINTS = 100

Happened = Literal[Trigger, "changed"]
"""What is said to have happened to a deal: an event that rules know, or just anything."""


class Unreadable(HTTPException):
    """The sender has to mend what he sends; the detail is a sentence for him."""

    def __init__(self, sentence: str) -> None:
        super().__init__(400, sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """`message` is the sender's own name for what he sent: sent again, it is no news."""

    message: str
    deal_id: str
    event: Happened

    def wish(self, source: Kind) -> Wish:
        """What is asked of the job that looks at single deals."""
        key = f"{self.message}:{self.deal_id}:{self.event}"
        return Wish(source=source, key=key, job=JOB, arguments={"deal_id": self.deal_id, "event": self.event})


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    deal_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    event: Happened = "changed"
    id: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] | None = None


def _listed(said: object) -> object:
    return said if isinstance(said, list) else [said]


_ONE_OR_MANY = TypeAdapter(Annotated[list[_Said], BeforeValidator(_listed), Field(min_length=1, max_length=MOST_HINTS)])


def read(body: bytes, message: str | None = None) -> list[Hint]:
    """One hint or a list of them from JSON; `message` takes the place of their own ids. Raises Unreadable.

    What has no id is news each time: two changes within a second cannot be told from one that is told twice, and
    looking once too often is better than missing the second.
    """
    try:
        said = _ONE_OR_MANY.validate_json(body)
    except ValidationError as error:
        raise Unreadable(_sentence(error)) from error
    return [Hint(message=message or one.id or uuid4().hex, deal_id=one.deal_id, event=one.event) for one in said]


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = "".join(f" {part}:" for part in first["loc"])
    return f'Send a hint like {{"deal_id": "…"}}, or a list of up to {MOST_HINTS}.{place} {first["msg"]}.'

"""Every refusal in one form: problem details, as RFC 9457 has them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from app.config import BadCoaching
from app.errors import Stop
from app.store.session import Busy, StoreFailed
from coaching_rules.errors import RuleErrors

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[Exception], int] = {Busy: 409, StoreFailed: 503}
"""What a run would stop with, as an answer; any other reason asks somebody to set something up, and is a conflict."""
TRY_AGAIN_SECONDS = "5"


class Mistake(BaseModel):
    """One thing that is wrong with a request."""

    at: str = Field(description="Where: `query.limit`, `body.planning.early_share`.")
    message: str


class Problem(BaseModel):
    """Why a request was refused, as problem details (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"type": "about:blank", "title": "Not Found", "status": 404}]}
    )

    type: str = Field(default="about:blank", description="Always about:blank: the status says which kind it is.")
    title: str
    status: int
    detail: str | None = Field(default=None, description="What to do about it, in a sentence.")
    errors: list[Mistake] | None = Field(default=None, description="What is wrong with the request, one by one.")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says of the refusals it knows, for its `responses`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Answer with a problem whatever goes wrong, and name its form in the OpenAPI document."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _mistaken)
    for reason in (Stop, BadCoaching, RuleErrors):
        app.add_exception_handler(reason, _stopped)
    app.add_exception_handler(Exception, _failed)
    document = app.openapi

    def with_problem() -> dict[str, Any]:
        whole = document()
        schemas = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        nested = schemas.pop("$defs")
        whole.setdefault("components", {}).setdefault("schemas", {}).update(nested | {"Problem": schemas})
        return whole

    app.openapi = with_problem  # type: ignore[method-assign]


def answer(
    status: int, detail: str | None, errors: list[Mistake] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem as a response."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    said = error.detail if error.detail != HTTPStatus(error.status_code).phrase else None
    return answer(error.status_code, said, headers=error.headers)


def _mistaken(request: Request, error: Exception) -> JSONResponse:
    """The input itself is not repeated: it may be a secret."""
    assert isinstance(error, RequestValidationError)
    mistakes = [Mistake(at=".".join(map(str, one["loc"])), message=one["msg"]) for one in error.errors()]
    return answer(422, "The request cannot be understood; `errors` says where.", mistakes)


def _stopped(request: Request, error: Exception) -> JSONResponse:
    status = STATUS.get(type(error), 409)
    return answer(status, str(error), headers={"Retry-After": TRY_AGAIN_SECONDS} if type(error) in STATUS else None)


def _failed(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected", kind=type(error).__name__, method=request.method, path=request.url.path)
    return answer(500, "This is a fault of ours; the log names its kind.")

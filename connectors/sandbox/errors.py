"""What this Salesforce answers when it will not do a thing."""


class Rejected(Exception):
    """One error of the API: `code` as Salesforce names it, the HTTP `status` that a single-record call gets."""

    def __init__(self, code: str, message: str, status: int = 400, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def as_error(self) -> dict[str, object]:
        """The body's element of a failed call; the body itself is an array of these."""
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        return error | {"fields": list(self.fields)} if self.fields else error

    def as_result(self) -> dict[str, object]:
        """The row of a collections answer, which says `statusCode` where a body says `errorCode`."""
        error = {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}
        return {"success": False, "errors": [error]}


class SignInRejected(Exception):
    """An error of the OAuth endpoint, which speaks an object and not an array."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


def not_found(what: str = "The requested resource does not exist") -> Rejected:
    """404, with the one code Salesforce has for it."""
    return Rejected("NOT_FOUND", what, 404)

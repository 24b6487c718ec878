"""What is wrong with a file that is not YAML, in the words of somebody who writes rules and not parsers."""

_SAID = (
    (r"found character '\t'", "indent with spaces; a tab means nothing here"),
    ("that cannot start any token", "a text that starts with this sign needs quotes around it"),
    ("but found '<block mapping start>'", "this line is indented otherwise than its neighbours"),
    ("but found '<block sequence start>'", "this line is indented otherwise than its neighbours"),
    ("sequence entries", "a list begins on a line of its own; a text that starts with - needs quotes around it"),
    ("mapping keys", "a text that starts with ? needs quotes around it"),
    ("expected a comment or a line break", "a text that starts with > or | needs quotes around it"),
    ("unknown escape character", r"in double quotes \ is a sign of its own; use single quotes"),
    ("but found", "this belongs to nothing; are quotes around a text missing, or a bracket?"),
)


def not_yaml(text: str, problem: str, at: int, opened: int | None) -> tuple[int, str]:
    """Where to look and what to say; `at` is where the parser stopped, `opened` where what it was reading began."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if opened is not None and problem.startswith("found unexpected end of stream"):
        return opened, "a quote is opened here and not closed"
    if opened is not None and problem.startswith("could not find expected ':'"):
        return opened, "a colon and a space are missing after a name"
    if opened is not None and problem.startswith(("expected ',' or ']'", "expected ',' or '}'")):
        if "\n" in text[opened:at]:
            return opened, "this bracket is opened and not closed"
        return at, "a comma is missing before this, or quotes around a text"
    if problem.startswith("mapping values are not allowed"):
        return (
            at,
            "a text with a colon in it needs quotes around it" if ": " in line else "this line is indented too far",
        )
    if problem.endswith("but found '<scalar>'"):
        return _going_on(text[:at].rstrip(), at)
    return at, next((said for part, said in _SAID if part in problem), problem)


def _going_on(before: str, at: int) -> tuple[int, str]:
    """A value ends, and something stands behind it that belongs to nothing."""
    sign = before[-1:]
    if sign in ("}", "]"):
        return at, f"a text that starts with {'{' if sign == '}' else '['} needs quotes around all of it"
    opened = before.rfind(sign, 0, len(before) - 1)
    if "\n" in before[opened:]:
        return opened, "a quote is opened here and not closed"
    return at, "the quotes end before the text does; put them around all of it, and inside '…' write '' for '"

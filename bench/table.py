"""Rows of a Markdown table, as they are known."""


def row(*cells: object) -> None:
    """Print one row."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(*cells: object) -> None:
    """Print the row of names and the line beneath it."""
    row(*cells)
    print("|" + "---|" * len(cells), flush=True)

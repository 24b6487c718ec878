"""What stops a run, named by what the person at the keyboard does next."""


class Stop(Exception):
    """A run that must not go on; the message is a whole sentence that says what to do."""

    exit_code = 2

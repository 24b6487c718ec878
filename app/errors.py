"""What stops a run, named by what the person at the keyboard does next.

Stop                 exit code 2
├── NotReady         3: something has to be set up or mended first
├── StoreFailed      4: the database (app.store.session)
├── Busy             5: another run is at work (app.store.session)
├── Interrupted      6: the CRM did not answer or the budget is spent; the same command goes on from there
└── TooManyTasks     7: a person should look before so much is written (app.stages.plan)
"""


class Stop(Exception):
    """A run that must not go on; the message is a whole sentence that says what to do."""

    exit_code = 2


class NotReady(Stop):
    """Something has to be set up or mended first."""

    exit_code = 3


class Interrupted(Stop):
    """The CRM did not answer, or our share of its limit is spent; the same command goes on from there."""

    exit_code = 6

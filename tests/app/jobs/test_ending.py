"""A process that is told to end while it still begins does not go on until it is killed."""

from app.jobs.ending import Ending


def test_told_before_there_was_work_it_ends_the_work_at_once() -> None:
    """As when a service is stopped a second after it was started."""
    ending, ended = Ending(patience_seconds=3600), list[str]()
    ending.begin()
    assert ended == []
    ending.then = lambda: ended.append("the work")
    assert ended == ["the work"]
    assert ending()

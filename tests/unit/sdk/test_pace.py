"""When the threads of a polling worker wait, and what wakes them."""

import threading
from collections.abc import Callable

import pytest

from chalicelib.sdk.pace import LINGER, LONGEST_WAIT, Backoff, Pace
from tests.unit.sdk.engine import Clock

PATIENCE = 10


class Waiting:
    """A pace; something happens in each of its pauses."""

    def __init__(self, *happenings: Callable[[Pace], object], running: int = 0) -> None:
        self.clock = Clock()
        self.happenings = list(happenings)
        self.pace = Pace(self.clock, self.pause)
        for _ in range(running):
            self.pace.job_begins()

    def pause(self, bell: threading.Condition, seconds: float) -> None:
        """Half of the time passes, then something happens, or all of it."""
        if not self.happenings:
            self.clock.pause(bell, seconds)
            return
        self.clock.pause(bell, seconds / 2)
        self.happenings.pop(0)(self.pace)


def nothing(pace: Pace) -> None:
    """Somebody else was meant."""


def test_pauses_double_up_to_the_longest_and_begin_again():
    backoff = Backoff(0.5, 3, chance=lambda: 0.5)

    assert [backoff.next() for _ in range(5)] == [0.375, 0.75, 1.5, 2.25, 2.25]
    backoff.reset()
    assert backoff.next() == 0.375


def test_free_threads_take_jobs_at_once():
    waiting = Waiting(running=2)

    assert waiting.pace.free(4) == 2
    assert waiting.clock.now == 0


def test_one_free_thread_is_given_a_moment_to_be_followed_by_others():
    waiting = Waiting(Pace.job_ends, Pace.job_ends, running=4)

    assert waiting.pace.free(4) == 2
    assert waiting.clock.now == LONGEST_WAIT / 2 + LINGER / 2

    alone = Waiting(running=3)

    assert alone.pace.free(4) == 1
    assert alone.clock.now == pytest.approx(LINGER)


def test_without_a_free_thread_there_is_time_to_look_around():
    waiting = Waiting(running=4)

    assert waiting.pace.free(4) == 0
    assert waiting.clock.now >= LONGEST_WAIT


def test_nothing_begins_once_it_is_over():
    waiting = Waiting(Pace.stop, running=4)

    assert waiting.pace.free(5) == waiting.pace.free(4) == 0
    assert waiting.clock.now < LONGEST_WAIT


def test_rest_ends_with_its_time_with_news_or_when_it_is_over():
    slept, told, stopped = Waiting(), Waiting(nothing, Pace.job_ends, running=1), Waiting(Pace.stop)

    slept.pace.rest(4)
    told.pace.rest(4, ended=0)
    stopped.pace.rest(4)

    assert (slept.clock.now, told.clock.now, stopped.clock.now) == (4, 3, 2)


def test_news_that_nobody_waits_for_end_no_rest():
    waiting = Waiting(Pace.job_ends, running=1)

    waiting.pace.rest(4)

    assert waiting.clock.now == 4


def test_news_that_came_before_the_rest_end_it_at_once():
    waiting = Waiting(running=1)
    waiting.pace.job_ends()

    waiting.pace.rest(4, ended=0)

    assert waiting.clock.now == 0


def test_stop_cuts_one_pause_of_a_thread_short_and_not_the_next():
    waiting = Waiting(Pace.stop)

    waiting.pace.hold(4)
    assert waiting.clock.now == 2
    waiting.pace.hold(4)
    assert waiting.clock.now == 6
    assert waiting.pace.stopped_at == 2


@pytest.mark.parametrize("wake", [Pace.stop, Pace.job_ends])
def test_threads_are_woken(wake):
    pace, waits = Pace(pause=lambda bell, seconds: (waits.set(), bell.wait(seconds))), threading.Event()
    pace.job_begins()
    thread = threading.Thread(target=pace.rest, args=[60 * PATIENCE, 0], daemon=True)

    thread.start()
    assert waits.wait(PATIENCE)
    wake(pace)

    thread.join(PATIENCE)
    assert not thread.is_alive()

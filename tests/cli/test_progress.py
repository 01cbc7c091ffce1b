"""What a running worker shows, on a terminal and elsewhere."""

import io
import json
import logging
import sys

from chalicelib.cli.progress import CLEAR, Progress


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


class Shown:
    """A progress whose clock is set by hand."""

    def __init__(self, stream: io.StringIO, **options: bool) -> None:
        self.stream, self.now = stream, 100.0
        self.progress = Progress(stream, clock=lambda: self.now, **options)

    def end(self, *outcomes: str) -> None:
        for outcome in outcomes:
            self.progress.job_ended(outcome)

    def tick(self, seconds: float, running: int = 0) -> None:
        self.now += seconds
        self.progress.tick(running)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


def record(text: str, exc_info: object = None) -> logging.LogRecord:
    return logging.LogRecord("orders", logging.WARNING, "", 0, text, None, exc_info)


def test_terminal_shows_one_line_once_a_second():
    shown = Shown(Screen())

    shown.end("DONE", "DONE", "CAUSED_RETRY")
    shown.tick(0.5)
    assert shown.text == ""
    shown.tick(0.5, running=3)
    assert shown.text == CLEAR + "2 done, 1 failed, 3 running, 3.0/s"
    shown.end("CAUSED_INCIDENT", "LOST", "GIVEN_BACK", "UNSAID", "CANCELED")
    shown.tick(2)

    assert shown.text.endswith(
        CLEAR + "2 done, 2 failed, 1 canceled, 1 given back, 1 lost, 1 unsaid, 0 running, 2.5/s"
    )
    shown.now += 1
    shown.progress.finish()
    assert shown.text.endswith("0 running, 2.0/s\n")


def test_log_records_do_not_run_into_the_line():
    shown = Shown(Screen())

    shown.tick(1)
    shown.progress.log_handler().handle(record("the engine is away"))

    line, logged = shown.text.split(CLEAR)[1:]
    assert line.startswith("0 done")
    assert logged.endswith(" WARNING orders the engine is away\n")


def test_file_has_the_last_count_only():
    shown = Shown(io.StringIO())

    shown.end("DONE")
    shown.tick(20)
    shown.progress.finish()

    assert shown.text == "1 done, 0 failed, 0 running, 0.1/s\n"


def test_json_has_a_count_each_ten_seconds_while_something_ends():
    shown = Shown(Screen(), as_json=True)

    shown.end("DONE", "GIVEN_BACK")
    shown.tick(5)
    shown.tick(5, running=1)
    shown.tick(10)
    shown.progress.finish()

    first, last = map(json.loads, shown.text.splitlines())
    assert first | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "message": "progress",
        "done": 1,
        "failed": 0,
        "givenBack": 1,
        "running": 1,
        "perSecond": 0.2,
    }
    assert (last["perSecond"], last["running"]) == (0.1, 0)


def test_json_has_log_records_with_their_stack_trace():
    shown = Shown(io.StringIO(), as_json=True)
    try:
        raise ValueError("out of ink")
    except ValueError:
        shown.progress.log_handler().handle(record("failed", sys.exc_info()))

    logged = json.loads(shown.text)
    assert (logged["level"], logged["logger"], logged["message"]) == ("WARNING", "orders", "failed")
    assert logged["exception"].endswith("ValueError: out of ink")


def test_worker_that_ends_at_once_has_no_rate():
    shown = Shown(io.StringIO())

    shown.progress.finish()

    assert shown.text == "0 done, 0 failed, 0 running, 0.0/s\n"

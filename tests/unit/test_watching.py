"""The watch: counts from many threads, lines for people and machines, metrics for CloudWatch."""

import io
import json
import logging
import threading
from collections import deque

import pytest

from chalicelib.engine.errors import Conflict
from chalicelib.engine.instance import ProcessInstance
from chalicelib.engine.records import Instant
from chalicelib.service.watch import Metric
from chalicelib.watching import LATEST, Counts, Watching, emf, log_handler, log_to, request
from tests.logs import logged, own_log


class Seconds:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def instance(block: int = 0) -> ProcessInstance:
    return ProcessInstance("2030-01-01", [block], 1, Instant(0), "worker")


# Lines


def test_line_has_name_instance_attempts_time_and_changes(seconds: Seconds) -> None:
    watching = Watching(clock=seconds)
    with logged() as log, watching.command("CompleteJob"):
        watching.about(instance())
        watching.count(Metric.CONFLICTS)
        watching.wrote(2)
        seconds.now += 0.0123

    (line,) = log.lines
    assert (line["message"], line["process_instance"], line["attempts"]) == ("CompleteJob", "2030-01-01/1", 2)
    assert (line["level"], line["name"]) == ("INFO", "chalicelib.watching")
    assert (line["ms"], line["changes"], line["outcome"]) == (12.3, 2, "DONE")


def test_command_inside_of_a_command_is_a_part_of_it() -> None:
    watching = Watching()
    with logged() as log, watching.command("ExecuteTasks"):
        with pytest.raises(Conflict), watching.command("CompleteJob"):
            raise Conflict("job 2030-01-01/1 is completed")
        watching.wrote(1)

    assert [(line["message"], line["outcome"]) for line in log.lines] == [("ExecuteTasks", "CONFLICT")]
    assert watching.counts.counted == {Metric.COMMANDS: 1, Metric.REFUSED_CONFLICT: 1}


def test_executor_that_finds_nothing_is_silent() -> None:
    with logged() as log, Watching().command("ExecuteTasks"):
        pass

    assert log.lines == []


def test_line_of_a_caller_that_names_an_instance_does_not_name_the_others() -> None:
    watching = Watching()
    with logged() as log, request("r"), watching.command("CompleteJob"):
        watching.about(instance(3), is_named=True)
        watching.about(instance(5))
        watching.about(instance(3))

    assert [line["process_instance"] for line in log.lines] == ["2030-01-01/193"]


def test_every_line_of_a_thread_has_its_own_request() -> None:
    meet = threading.Barrier(8)

    def answer(number: int) -> None:
        with request(f"request-{number}"), Watching().command("LockJobs"):
            meet.wait()
            logging.getLogger("chalicelib.storage").warning("thread %d", number)

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(8)]
    with logged() as log:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    said = {line["message"]: line["request_id"] for line in log.others()}
    assert said == {f"thread {number}": f"request-{number}" for number in range(8)}
    assert len(log.commands()) == 8


def test_line_for_people() -> None:
    stream = io.StringIO()
    record = logging.LogRecord("chalicelib.x", logging.WARNING, "", 0, "%d items stay", (3,), None)
    handler = log_handler(stream, "text")

    with request("r-1"):
        handler.handle(record)

    assert stream.getvalue().endswith(" WARNING chalicelib.x 3 items stay request_id=r-1\n")


def test_trace_id_of_lambda_is_in_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53;Sampled=1")
    with logged() as log, request("r"), Watching().command("LockJobs"):
        pass

    assert log.lines[0]["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


def test_libraries_are_never_asked_for_more_than_warnings() -> None:
    """What they tell beyond that has bodies and headers of requests in it."""
    stream = io.StringIO()
    with own_log():
        log_to(stream, "debug", "text")
        logging.getLogger("botocore.endpoint").debug("the body")
        logging.getLogger("botocore.endpoint").warning("slow")
        logging.getLogger("chalicelib.storage").debug("detail")

    assert [line.split(" ", 2)[2] for line in stream.getvalue().splitlines()] == [
        "WARNING botocore.endpoint slow",
        "DEBUG chalicelib.storage detail",
    ]


# Counts


def test_nothing_that_threads_count_is_lost() -> None:
    watching = Watching()

    def work() -> None:
        for _ in range(500):
            with watching.command("CompleteJob"):
                watching.count(Metric.JOBS_COMPLETED)
            watching.count(Metric.CONFLICTS)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(watching.counts.counted.values()) == {8 * 500}


def test_counts_are_given_out_when_it_is_time_and_begin_anew(seconds: Seconds) -> None:
    given: list[Counts] = []
    watching = Watching(given.append, every=60.0, clock=seconds)

    watching.count(Metric.CONFLICTS)
    watching.flush()
    assert given == []

    seconds.now = 60.0
    watching.flush()
    watching.flush(at_once=True)
    assert given == [Counts({Metric.CONFLICTS: 1})]

    watching.count(Metric.CONFLICTS, 2)
    watching.flush(at_once=True)
    assert given[1] == Counts({Metric.CONFLICTS: 2})


def test_of_many_measured_values_the_latest_are_kept() -> None:
    watching = Watching()

    for value in range(LATEST + 1):
        watching.measure(Metric.TASK_LATENESS, value)

    assert watching.counts.measured == {Metric.TASK_LATENESS: deque(range(1, LATEST + 1))}


def test_metrics_for_cloudwatch(capsys: pytest.CaptureFixture[str]) -> None:
    counts = Counts({Metric.JOBS_CREATED: 3}, {Metric.TASK_LATENESS: deque([5, 1500])})

    emf("bpmn/prod", "engine-7")(counts)

    document = json.loads(capsys.readouterr().out)
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("bpmn/prod", [["service"]])
    assert directive["Metrics"] == [
        {"Name": "JobsCreated", "Unit": "Count"},
        {"Name": "TaskLateness", "Unit": "Milliseconds"},
    ]
    assert document["service"] == "engine-7"
    assert (document["JobsCreated"], document["TaskLateness"]) == ([3.0], [5.0, 1500.0])

"""A polling worker against an engine in memory: one thread, a clock that only pauses move."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.sdk.client import ApiProblem
from chalicelib.sdk.runner import AWAY, IDLE, LOOK_PAST, REFRESH, Runner
from chalicelib.sdk.worker import Failure, Job, Worker
from tests.unit.sdk.engine import LOST, ME, REFUSED, After, Before, Clock, Engine, Inline, Log, problem, texts

ORDER, OTHER = "order", "other"


class Play:
    """A worker with a handler for the element `a` of the process `order`."""

    def __init__(self, server: Engine, handle: Callable[..., Any] = lambda job: None, **options: Any) -> None:
        self.server, self.clock, self.log = server, Clock(), Log()
        worker = self.worker(handle)
        self.runner = Runner(
            server,
            worker,
            ME,
            **{"concurrency": 2, **options},
            watch=self.log,
            clock=self.clock,
            chance=lambda: 0.0,
            pause=self.clock.pause,
            threads=Inline,
        )

    def worker(self, handle: Callable[..., Any]) -> Worker:
        worker = Worker()
        worker.job(ORDER, "a")(handle)
        return worker

    def polls(self, times: int) -> list[str]:
        """Run for so many polls; the outcomes."""
        self.log.at_tick[self.log.ticks + times + 1] = self.runner.stop
        self.runner.run()
        return self.log.outcomes


@pytest.fixture
def server() -> Engine:
    return Engine(ORDER)


# The work.


def test_jobs_are_locked_done_and_completed(server):
    server.add("a", "a", "a")
    server.variables = [{"name": "n", "data": {"encoding": "json", "value": "20"}}]

    outcomes = Play(server, lambda job, n: {"twice": 2 * n}, lock_timeout="PT1M").polls(2)

    assert (outcomes, server.states) == (["DONE"] * 3, ["DONE"] * 3)
    *_, lock = server.bodies["lock"]
    assert lock == {"workerId": ME, "processIds": [1], "limit": 2, "lockTimeout": "PT1M"}
    assert server.jobs[0]["body"] == {
        "workerId": ME,
        "processVariables": [{"name": "twice", "data": {"encoding": "json", "value": "40"}}],
    }


def test_a_job_is_told_how_long_its_lock_lasts(server):
    server.add("a", "a")
    seen: list[float | None] = []
    play = Play(server, lambda job: seen.append(job.seconds_left), lock_timeout="PT1M", concurrency=1)

    play.polls(2)

    assert seen == [60.0, 60.0]


def test_no_more_is_locked_than_there_are_free_threads(server):
    server.add(*"aaaaa")

    Play(server, concurrency=3).polls(2)

    assert {body["limit"] for body in server.bodies["lock"]} == {3}
    assert server.states == ["DONE"] * 5


def test_failed_job_is_completed_with_its_error_and_its_retries(server):
    def fail(job: Job) -> None:
        raise ValueError("out of ink") if job.id == 1 else Failure("no paper", retries=0)

    server.add("a", "a")

    assert Play(server, fail).polls(1) == ["CAUSED_RETRY", "CAUSED_INCIDENT"]
    first, second = (job["body"] for job in server.jobs)
    assert first["error"].endswith("ValueError: out of ink")
    assert (first["retryLimit"], first["retryTimer"]) == (3, "PT10S")
    assert second.keys() == {"workerId", "error"}


def test_polls_that_find_nothing_are_ever_further_apart_up_to_a_second(server):
    play = Play(server)

    play.polls(8)

    assert play.clock.pauses[:6] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
    assert play.clock.pauses[-1] == IDLE[1]


def test_job_that_ends_is_followed_by_a_poll_without_a_rest(server):
    server.add("a")
    play = Play(server)

    play.polls(2)

    assert play.clock.pauses == [0.05], "one poll that found a job, one that did not"


def test_faults_of_the_worker_itself_end_one_job_only(server, caplog):
    server.add("a", "a", type=7)
    server.jobs[0].pop("createdAt")

    assert Play(server).polls(1) == ["UNSAID", "DONE"]
    assert "a 2030-01-01/1 was left by a fault of the worker" in texts(caplog.records)


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"lock_timeout": "5"}, {"lock_timeout": "PT0S"}])
def test_options_that_cannot_be(server, options):
    with pytest.raises(ValueError, match=r"lock timeout|is no duration"):
        Play(server, **options)


# Work types.


class PlayTypes(Play):
    """A worker with a handler for each of some work types, in whatever process."""

    def __init__(self, server: Engine, *work_types: str) -> None:
        self.work_types, self.done = work_types, []
        super().__init__(server, lambda job: self.done.append((job.bpmn_process_id, job.work_type)))

    def worker(self, handle: Callable[..., Any]) -> Worker:
        worker = Worker()
        for work_type in self.work_types:
            worker.job(work_type=work_type)(handle)
        return worker


def test_jobs_of_a_work_type_are_done_in_whatever_process():
    server = Engine(ORDER, OTHER, filters=True)
    server.add("a", workType="reserve")
    server.add("b", process_id=2, workType="reserve")
    server.add("a", workType="charge")
    play = PlayTypes(server, "reserve")

    assert play.polls(2) == ["DONE", "DONE"]
    assert play.done == [(ORDER, "reserve"), (OTHER, "reserve")]
    assert server.states == ["DONE", "DONE", "DUE"]
    assert {tuple(body["workTypes"]) for body in server.bodies["lock"]} == {("reserve",)}


def test_a_process_that_is_deployed_meanwhile_is_read_when_it_has_a_job():
    server = Engine(ORDER, filters=True)
    play = PlayTypes(server, "reserve")
    play.log.at_tick[2] = lambda: (
        server.processes.append(OTHER),
        server.add("b", process_id=2, workType="reserve"),
    )

    play.polls(3)

    assert play.done == [(OTHER, "reserve")]


def test_a_job_of_a_process_that_is_not_listed_is_given_back():
    server = Engine(ORDER, filters=True)
    server.add("b", process_id=2, workType="reserve")
    server.processes.append(OTHER)
    listed = server._query
    server._query = lambda path, body, query: listed(
        path, body, {**query, "limit": min(query["limit"], 1 - query["offset"])}
    )
    play = PlayTypes(server, "reserve")

    play.polls(1)

    assert (play.done, server.states) == ([], ["DUE"])


def test_more_work_types_than_one_lock_takes():
    server = Engine(ORDER, filters=True)
    server.add("a", workType="t149")

    assert PlayTypes(server, *(f"t{number}" for number in range(150))).polls(2) == ["DONE"]


def test_an_engine_that_knows_no_work_types_refuses_the_worker():
    with pytest.raises(ApiProblem):
        PlayTypes(Engine(ORDER), "reserve").polls(2)


# Processes.


def test_all_versions_of_its_processes_are_worked_for_and_no_others():
    server = Engine(ORDER, OTHER, ORDER)
    for process_id in (1, 2, 3):
        server.add("a", process_id=process_id)

    Play(server).polls(2)

    assert server.states == ["DONE", "DUE", "DONE"]


def test_new_version_is_noticed(server):
    play = Play(server)
    play.log.at_tick[3] = lambda: (server.processes.append(ORDER), server.add("a", process_id=2))

    play.polls(16)

    assert server.states == ["DONE"]
    assert play.clock.now > REFRESH
    assert server.calls["query"] == 2, "each time, what is new only"


def test_process_that_is_not_deployed_yet_is_said_once_and_looked_for_often(caplog):
    server = Engine(OTHER)
    play = Play(server)
    play.log.at_tick[12] = lambda: (server.processes.append(ORDER), server.add("a", process_id=2))

    play.polls(14)

    assert texts(caplog.records) == ["process order is not deployed yet"]
    assert server.states == ["DONE"]


def test_engine_with_another_store_is_read_anew():
    server = Engine(ORDER, ORDER)
    play = Play(server)

    def begin_anew() -> None:
        server.begun_at, server.processes = "2030-01-02T00:00:00Z", [OTHER, ORDER, ORDER]
        for process_id in (1, 2, 3):
            server.add("a", process_id=process_id)
        server.faults["lock"] = [Before(REFUSED)]

    play.log.at_tick[2] = begin_anew

    play.polls(6)

    assert server.states == ["DUE", "DONE", "DONE"], "the first one is of another process now"
    assert play.clock.now < REFRESH, "an engine that was away is read at once"


def test_more_versions_than_one_call_takes():
    server = Engine(*[ORDER] * 1205)
    server.add("a", process_id=1)
    server.add("a", process_id=1205)

    Play(server, concurrency=3).polls(1)

    assert server.states == ["DONE", "DONE"]
    assert server.bodies["lock"][0]["processIds"][:2] == [1205, 1204], "newest first"


# Jobs of others.


def test_jobs_without_a_handler_are_given_back_and_said_once(server, caplog):
    server.add("b", "a", "b", "b", "a")

    outcomes = Play(server).polls(2)

    assert outcomes == ["DONE", "DONE"], "those behind them are found"
    assert server.states == ["DUE", "DONE", "DUE", "DUE", "DONE"]
    assert not any("lockedBy" in job for job in server.jobs if job["state"] == "DUE")
    assert texts(caplog.records) == ["element b of order has jobs and no handler; they are left to others"]


def test_looking_past_many_jobs_takes_few_steps_and_no_more_threads(server):
    server.add(*["b"] * 500, *["a"] * 5)

    outcomes = Play(server).polls(1)

    assert outcomes == ["DONE", "DONE"]
    assert server.states.count("DUE") == 503
    assert server.calls["lock"] < 12


def test_looking_past_jobs_has_an_end(server):
    server.add(*["b"] * (2 * LOOK_PAST), "a")

    assert Play(server).polls(1) == []
    assert server.states.count("DUE") == len(server.jobs)
    assert server.calls["unlock"] <= 2 * LOOK_PAST


def test_looking_past_jobs_takes_a_tenth_of_the_time(server):
    server.add("b")
    play = Play(server)
    play.runner._locks.is_filtering = False
    lock = server._lock

    def slow_lock(*arguments: Any) -> Any:
        play.clock.now += 0.5
        return lock(*arguments)

    server._lock = slow_lock

    play.polls(1)

    assert play.clock.pauses == [4.5]


def test_engine_that_can_filter_is_asked_for_elements(caplog):
    server = Engine(ORDER, filters=True)
    server.add("b", "a")

    Play(server).polls(2)

    assert server.states == ["DUE", "DONE"]
    assert server.bodies["lock"][0]["bpmnElementIds"] == ["a"]
    assert server.calls["unlock"] == 0
    assert not caplog.records


def test_engine_that_cannot_filter_is_tried_once(server):
    Play(server).polls(4)

    assert ["bpmnElementIds" in body for body in server.bodies["lock"]] == [True, *[False] * 4]


# The engine is away.


def test_engine_that_is_away_is_waited_for_and_said_once(server, caplog):
    server.add("a")
    server.faults["query"] = [Before(REFUSED), Before(problem(503)), Before(problem(500, "BUG"))]
    server.faults["lock"] = [Before(REFUSED)]
    play = Play(server)

    outcomes = play.polls(5)

    assert outcomes == ["DONE"]
    assert play.clock.pauses == [0.5, 1.0, 2.0, 4.0]
    assert texts(caplog.records) == [
        "the engine is away, it is waited for: nobody listens",
        "the engine is back",
    ]


def test_pauses_are_bounded_and_shortened_by_chance(server):
    server.faults["query"] = [Before(REFUSED)] * 12
    play = Play(server)
    play.runner._away.chance = lambda: 1.0

    play.polls(12)

    assert play.clock.pauses[-1] == AWAY[1] / 2


def test_worker_that_is_refused_ends(server):
    server.faults["query"] = [Before(problem(401, "UNKNOWN"))]

    with pytest.raises(ApiProblem, match="401"):
        Play(server).polls(99)


def test_worker_whose_completion_is_refused_for_its_credentials_ends(server):
    server.add("a")
    server.faults["complete"] = [Before(problem(403, "UNKNOWN"))]
    play = Play(server)

    with pytest.raises(ApiProblem, match="403"):
        play.polls(99)
    assert play.log.outcomes == ["UNSAID"]


def test_result_is_offered_until_the_engine_is_back(server):
    server.add("a")
    done = []
    server.faults["complete"] = [Before(REFUSED), Before(problem(503)), Before(TimeoutError("too late"))]
    play = Play(server, done.append)

    assert play.polls(1) == ["DONE"]
    assert play.clock.pauses[:3] == [0.25, 0.5, 1.0]
    assert len(done) == 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(None, "DONE"), (ValueError("x"), "CAUSED_RETRY"), (Failure("x", retries=0), "CAUSED_INCIDENT")],
)
def test_answer_that_was_lost_is_asked_for_again(server, fault, outcome):
    def handle(job: Job) -> None:
        if fault:
            raise fault

    server.add("a")
    server.faults["complete"] = [After(LOST)]

    assert Play(server, handle).polls(1) == [outcome]
    assert server.states == [outcome]
    assert server.calls["complete"] == 2


def test_result_is_given_up_when_the_lock_expires(server, caplog):
    server.add("a")
    server.faults["complete"] = [Before(REFUSED)] * 99
    play = Play(server, lock_timeout="PT1M")

    assert play.polls(1) == ["UNSAID"]
    assert 60 <= play.clock.now < 75
    assert "a 2030-01-01/1 is done, and the engine does not know: nobody listens" in texts(caplog.records)


def test_result_is_given_up_some_seconds_after_the_worker_was_stopped(server):
    server.add("a")
    server.faults["complete"] = [Before(REFUSED)] * 99
    play = Play(server, lambda job: play.runner.stop())

    assert play.polls(99) == ["UNSAID"]
    assert 10 <= play.clock.now < 20


def test_handler_that_lost_its_lock_is_logged_and_nothing_else(server, caplog):
    server.add("a", "a")

    def lose(job: Job) -> None:
        if job.id == 1:
            server.jobs[0]["lockedBy"] = "somebody else"

    assert Play(server, lose).polls(1) == ["LOST", "DONE"]
    (text,) = texts(caplog.records)
    assert "a 2030-01-01/1 took longer than its lock" in text


def test_job_that_somebody_else_has_completed_is_lost_too(server):
    server.add("a")

    assert Play(server, lambda job: server.jobs[0].update(state="DONE")).polls(1) == ["LOST"]


def test_result_that_the_engine_refuses_becomes_an_incident(server):
    server.add("a")
    cause = {"pointer": "#/processVariables", "type": "max", "detail": "has more than 100"}
    server.faults["complete"] = [Before(problem(400, "HTTP_REQUEST_BODY", errors=[cause]))]

    assert Play(server).polls(1) == ["CAUSED_INCIDENT"]
    (job,) = server.jobs
    assert job["body"]["error"].endswith(
        "the engine refused the result: failed: #/processVariables has more than 100"
    )


def test_engine_that_refuses_the_refusal_is_left_alone(server):
    server.add("a")
    server.faults["complete"] = [Before(problem(500, "BUG"))] * 9

    assert Play(server).polls(1) == ["UNSAID"]
    assert server.calls["complete"] == 2


def test_variables_that_cannot_be_read_now_are_waited_for(server):
    server.add("a")
    server.variables = [{"name": "n", "data": {"encoding": "json", "value": "1"}}]
    server.faults["variables"] = [Before(REFUSED), Before(problem(503))]

    assert Play(server, lambda job, n: None).polls(1) == ["DONE"]


def test_job_whose_variables_cannot_be_read_is_given_back(server):
    server.add("a")
    server.faults["variables"] = [Before(REFUSED)] * 99

    assert Play(server, lambda job, n: None, lock_timeout="PT1M").polls(1) == ["GIVEN_BACK"]
    assert server.states == ["DUE"]


def test_variables_that_the_engine_refuses_fail_the_job(server):
    server.add("a")
    server.faults["variables"] = [Before(problem(403, "UNKNOWN"))]

    assert Play(server, lambda job, n: None).polls(1) == ["CAUSED_RETRY"]


# Its end.


def test_what_was_not_begun_is_given_back(server):
    server.add("a", "a", "b")
    play = Play(server, lambda job: play.runner.stop(), concurrency=3)

    assert play.polls(99) == ["DONE", "GIVEN_BACK"]
    assert server.states == ["DONE", "DUE", "DUE"]


def test_what_cannot_be_given_back_expires(server, caplog):
    server.add("a", "a")
    server.faults["unlock"] = [Before(REFUSED)]
    play = Play(server, lambda job: play.runner.stop())

    assert play.polls(99) == ["DONE", "UNSAID"]
    assert "job 2030-01-01/2 cannot be given back: nobody listens" in texts(caplog.records)

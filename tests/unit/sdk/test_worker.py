"""Handlers of jobs: what they are given, what becomes of what they answer, and how they fail."""

import logging
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Secret, SecretStr
from pydantic.alias_generators import to_camel

from chalicelib.contract import commands as c
from chalicelib.contract import results as r
from chalicelib.contract.wire import Json
from chalicelib.sdk.worker import (
    DELETED,
    BpmnError,
    CalledProcess,
    Completion,
    Encoded,
    Escalation,
    Failure,
    Given,
    InvalidHandler,
    Job,
    Source,
    Unavailable,
    Variable,
    Worker,
    perform,
)

PROCESS, ELEMENT = "orderFulfilment", "checkStock"

RECORD = {
    "partition": "2030-01-02",
    "id": 66,
    "processId": 3,
    "processInstanceId": 65,
    "elementId": 7,
    "elementInstanceId": 67,
    "bpmnElementId": ELEMENT,
    "correlationKey": "order-7",
    "type": "EXECUTE",
    "retryCount": 2,
    "createdAt": "2030-01-02T03:04:05.678Z",
    "createdBy": "shop",
    "dueAt": "2030-01-02T03:04:15.678Z",
    "lockedAt": "2030-01-02T03:04:16Z",
    "lockedBy": "me",
    "state": "LOCKED",
}


class Order(BaseModel):
    item: str
    quantity: int


ORDER = {"item": "teapot", "quantity": 3}


def registered(function: Callable[..., Any], **options: Any) -> Callable[[Job], Json]:
    """Do jobs with a function, as a worker does; the answer is always one that completeJob takes."""
    worker = Worker()
    worker.job(PROCESS, ELEMENT, **options)(function)
    handler = worker.find(PROCESS, ELEMENT)

    def do(job: Job) -> Json:
        body = perform(handler, job)
        c.CompleteJob.model_validate({**body, "partition": job.partition, "id": job.id, "workerId": "w"})
        return body

    return do


def given(element: dict[str, object] | None = None, /, **process: object) -> Job:
    return Job(source=Given(process, element or {}))


def answering(result: object) -> Json:
    return registered(lambda job: result)(Job())


def raising(fault: BaseException, job: Job | None = None, **options: Any) -> Json:
    def fail(job: Job) -> None:
        raise fault

    return registered(fail, **options)(job or Job())


def variable(name: str, value: str, **more: object) -> Json:
    return {"name": name, "data": {"encoding": "json", "value": value, **more}}


# Registration.


def test_worker_finds_a_handler_by_process_and_element():
    worker = Worker()

    @worker.job(PROCESS, "chargeCard")
    @worker.job(PROCESS, ELEMENT, retries=5, backoff="PT1M")
    def handle(job: Job) -> None:
        pass

    found = worker.find(PROCESS, ELEMENT)
    assert (found.function, found.retries, found.backoff) == (handle, 5, timedelta(minutes=1))
    assert worker.find("other", ELEMENT) is None
    assert worker.elements() == {(PROCESS, ELEMENT), (PROCESS, "chargeCard")}
    assert handle(Job()) is None, "the function stays what it is"


def test_second_handler_of_an_element_is_refused_and_both_are_named():
    worker = Worker()

    @worker.job(PROCESS, ELEMENT)
    def one(job: Job) -> None:
        pass

    with pytest.raises(InvalidHandler, match=r"checkStock of orderFulfilment .*one, .*another"):

        @worker.job(PROCESS, ELEMENT)
        def another(job: Job) -> None:
            pass

    assert worker.find(PROCESS, ELEMENT).function is one


def test_worker_finds_a_handler_by_work_type():
    worker = Worker()

    @worker.job(work_type="reserve")
    def by_type(job: Job) -> None:
        pass

    @worker.job(PROCESS, ELEMENT)
    def by_element(job: Job) -> None:
        pass

    assert worker.find("any", "any", "reserve").function is by_type
    assert worker.find(PROCESS, ELEMENT, "reserve").function is by_element, "the element says more"
    assert worker.find("any", "any", "other") is worker.find("any", "any") is None
    assert (worker.work_types(), worker.elements()) == ({"reserve"}, {(PROCESS, ELEMENT)})
    assert worker.places() == {"reserve", (PROCESS, ELEMENT)}


def test_second_handler_of_a_work_type_is_refused():
    worker = Worker()
    worker.job(work_type="reserve")(lambda job: None)

    with pytest.raises(InvalidHandler, match="work type reserve has two handlers: "):
        worker.job(work_type="reserve")(lambda job: None)


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"bpmn_process_id": PROCESS},
        {"bpmn_element_id": ELEMENT},
        {"bpmn_process_id": PROCESS, "work_type": "reserve"},
        {"bpmn_process_id": PROCESS, "bpmn_element_id": ELEMENT, "work_type": "reserve"},
    ],
)
def test_a_handler_is_for_an_element_or_a_work_type(place):
    with pytest.raises(InvalidHandler, match="must name either process and element, or a work type"):
        Worker().job(**place)(lambda job: None)


async def asynchronous(job: Job) -> None:
    pass


def without_job() -> None:
    pass


def by_position_only(job: Job, order: Order, /) -> None:
    pass


def any_number(job: Job, *orders: Order) -> None:
    pass


def by_name_only(*, job: Job) -> None:
    pass


@pytest.mark.parametrize(
    ("function", "fact"),
    [
        (asynchronous, "asynchronous must be a plain function"),
        (without_job, "first parameter of .*without_job must be the job"),
        (by_name_only, "first parameter of .*by_name_only must be the job"),
        (by_position_only, "parameter order of .*by_position_only cannot be given by name"),
        (any_number, "parameter orders of .*any_number cannot be given by name"),
        ("text", "is no function"),
    ],
)
def test_what_cannot_be_a_handler_is_refused_when_it_is_registered(function, fact):
    with pytest.raises(InvalidHandler, match=fact):
        Worker().job(PROCESS, ELEMENT)(function)


@pytest.mark.parametrize("options", [{"retries": -1}, {"backoff": "10"}, {"backoff": "-PT1S"}])
def test_retries_and_backoff_are_checked(options):
    with pytest.raises(InvalidHandler, match="without_variables"):

        @Worker().job(PROCESS, ELEMENT, **options)
        def without_variables(job: Job) -> None:
            pass


def test_annotations_may_name_what_comes_later_and_are_checked_before_the_first_job():
    worker = Worker()

    @worker.job(PROCESS, ELEMENT)
    def later(job: "Job", address: "Address") -> None:  # noqa: F821
        pass

    with pytest.raises(InvalidHandler, match=r"annotations of .*later cannot be read: name 'Address'"):
        worker.check()

    @worker.job(PROCESS, "other")
    def strange(job: Job, connection: Source) -> None:
        pass

    with pytest.raises(InvalidHandler, match=r"parameter connection of .*strange has no usable type"):
        _ = worker.find(PROCESS, "other").parameters


# What a handler is given.


def test_job_says_what_the_api_says():
    job = Job.read(RECORD, PROCESS, Given())

    assert (job.bpmn_process_id, job.bpmn_element_id, job.type) == (PROCESS, ELEMENT, "EXECUTE")
    assert (job.partition, job.id, job.process_id) == ("2030-01-02", 66, 3)
    assert (job.process_instance_id, job.element_id, job.element_instance_id) == (65, 7, 67)
    assert (job.correlation_key, job.retry_count, job.headers) == ("order-7", 2, {})
    assert job.created_at == datetime(2030, 1, 2, 3, 4, 5, 678000, UTC)
    assert job.due_at - job.created_at == timedelta(seconds=10)
    assert (job.locked_at, job.locked_by) == (datetime(2030, 1, 2, 3, 4, 16, tzinfo=UTC), "me")
    assert str(job) == "checkStock 2030-01-02/66"


def test_job_has_every_field_that_a_worker_can_get():
    fields = set(r.Job.model_fields) - {"completed_at", "error", "state"}

    assert fields <= set(Job.__dataclass_fields__)


def test_retries_of_a_job_have_one_idempotency_key():
    first = Job.read(RECORD, PROCESS, Given())
    again = Job.read({**RECORD, "id": 69, "retryCount": 3}, PROCESS, Given())
    other = Job.read({**RECORD, "id": 70, "elementInstanceId": 71}, PROCESS, Given())

    assert first.idempotency_key == again.idempotency_key != other.idempotency_key


def test_parameters_are_variables_parsed_to_their_types():
    def handle(job: Job, order: Order, due: datetime, price: Decimal, note, tags: set[str] = frozenset()):
        return {"seen": [order.quantity, due.year, str(price), note, sorted(tags)]}

    do = registered(handle)

    body = do(given(order=ORDER, due="2030-01-01T00:00:00Z", price="9.90", note=[1], more="unread"))

    assert body == {"processVariables": [variable("seen", '[3,2030,"9.90",[1],[]]')]}


def test_rest_of_the_variables_goes_where_a_handler_takes_them_all():
    do = registered(lambda job, order, **rest: {"names": sorted(rest), "order": order})

    assert do(given(order=1, b=2, a=3)) == {
        "processVariables": [variable("names", '["a","b"]'), variable("order", "1")]
    }


def test_what_a_parameter_takes_is_not_among_the_rest():
    def handle(
        job: Job, item: Annotated[str, Variable(of_element=True)], order: Order, **rest: int
    ) -> dict[str, object]:
        return {"seen": [item, order.quantity, rest]}

    job = given({"item": "inner"}, item="outer", order=ORDER, more=1)

    assert registered(handle)(job) == {"processVariables": [variable("seen", '["inner",3,{"more":1}]')]}


def test_variable_whose_name_is_no_python_name():
    def handle(job: Job, order_id: Annotated[int, Variable("order-id")]) -> dict[str, int]:
        return {"same": order_id + job.variables["order-id"]}

    assert registered(handle)(given(**{"order-id": 7})) == {"processVariables": [variable("same", "14")]}


def test_variable_of_an_element_hides_that_of_the_process():
    def handle(job: Job, item: Annotated[str, Variable(of_element=True)], order: str) -> str:
        return Completion(variables={"seen": [item, order]})

    do = registered(handle)

    assert do(given({"item": "inner", "order": "inner"}, item="outer", order="outer")) == {
        "processVariables": [variable("seen", '["inner","outer"]')]
    }
    assert do(given(item="outer", order="outer")) == {
        "processVariables": [variable("seen", '["outer","outer"]')]
    }


def test_innermost_of_a_name_comes_last():
    class Nested(Given):
        def element_variables(self, names):
            return [
                {"bpmnElementId": scope, **variable("item", f'"{scope}"')} for scope in ("outer", "inner")
            ]

    job = Job(source=Nested())

    assert job.element_variables == {"item": "inner"}
    assert registered(lambda job, item: {"item": item})(job)["error"].endswith("variable item is missing")


def test_values_in_other_encodings_are_text():
    class Raw(Given):
        def process_variables(self, names):
            return [
                {"name": "note", "data": {"encoding": "text", "value": "[1]"}},
                {"name": "number", "data": {"encoding": "text", "value": "7"}},
            ]

    def handle(job: Job, note: str, number: int) -> dict[str, object]:
        return {"note": note, "number": number + 1}

    assert registered(handle)(Job(source=Raw())) == {
        "processVariables": [variable("note", '"[1]"'), variable("number", "8")]
    }
    assert Job(source=Raw()).variables == {"note": "[1]", "number": "7"}


def of_element(job: Job, a: Annotated[int, Variable(of_element=True)]) -> None:
    pass


def of_element_or_process(
    job: Job,
    a: Annotated[int, Variable(of_element=True)],
    b: Annotated[int, Variable(of_element=True)],
    c: int,
) -> None:
    pass


class Watched(Given):
    """Notes what is read."""

    def __init__(self) -> None:
        super().__init__({"a": 1, "b": 2, "c": 3}, {"a": 4})
        object.__setattr__(self, "reads", [])

    def process_variables(self, names: Collection[str] | None) -> Any:
        self.reads.append(None if names is None else sorted(names))
        return super().process_variables(names)

    def element_variables(self, names: Collection[str] | None) -> Any:
        self.reads.append(("element", None if names is None else sorted(names)))
        return super().element_variables(names)


@pytest.mark.parametrize(
    ("function", "reads"),
    [
        (lambda job: None, []),
        (lambda job, a, b=1: None, [["a", "b"]]),
        (lambda job, a, **rest: None, [None]),
        (of_element, [("element", ["a"])]),
        (of_element_or_process, [("element", ["a", "b"]), ["b", "c"]]),
        (lambda job: {"b": [job.variables["a"], job.variables["a"]]}, [None]),
        (lambda job: {"b": list(job.element_variables)}, [("element", None)]),
    ],
)
def test_only_what_a_handler_takes_is_read_and_only_once(function, reads):
    source = Watched()

    assert "error" not in registered(function)(Job(source=source))
    assert source.reads == reads


def test_variable_that_is_missing_or_does_not_fit_is_an_incident_at_once():
    def handle(job: Job, order: Order) -> None:
        pytest.fail("called without its variable")

    do = registered(handle)

    missing, wrong = do(given()), do(given(order={"quantity": "a secret"}))

    assert missing == {"error": f"{__name__}.{handle.__qualname__}: variable order is missing"}
    assert wrong.keys() == {"error"}
    for fact in ("variable order does not fit", "item: Field required", "quantity: Input should be a valid"):
        assert fact in wrong["error"]
    assert "a secret" not in wrong["error"]


def test_value_that_is_no_json_although_it_says_so_is_an_incident_too():
    class Broken(Given):
        def process_variables(self, names):
            return [variable("order", "{")]

    body = registered(lambda job, order: None)(Job(source=Broken()))

    assert body.keys() == {"error"}
    assert "variable order does not fit: Invalid JSON" in body["error"]
    with pytest.raises(ValueError, match="variable order says that it is JSON"):
        _ = Job(source=Broken()).variables


def test_variables_that_cannot_be_read_now_are_no_failure_of_the_job():
    class Away(Given):
        def process_variables(self, names):
            raise Unavailable("the engine is away")

    for function in (lambda job, order: None, lambda job: job.variables):
        with pytest.raises(Unavailable):
            registered(function)(Job(source=Away()))


# What a handler answers.


@dataclass
class Stock:
    in_stock: bool
    shelf: str | None = None


class Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    in_stock: bool
    card_number: SecretStr


def test_nothing_to_say_is_an_empty_completion():
    assert answering(None) == answering({}) == answering(Completion()) == {}


def test_mappings_dataclasses_and_models_become_process_variables():
    assert answering({"inStock": True, "shelf": None, "at": datetime(2030, 1, 1, tzinfo=UTC)}) == {
        "processVariables": [
            variable("inStock", "true"),
            variable("shelf", "null"),
            variable("at", '"2030-01-01T00:00:00Z"'),
        ]
    }
    assert answering(Stock(True)) == {
        "processVariables": [variable("in_stock", "true"), variable("shelf", "null")]
    }
    assert answering(Answer(in_stock=False, card_number="4711")) == {
        "processVariables": [variable("inStock", "false"), variable("cardNumber", '"4711"', encrypted=True)]
    }


def test_values_are_encrypted_encoded_and_deleted():
    answered = answering(
        {
            "card": Secret({"number": 4711}),
            "note": Encoded("call first"),
            "seal": Secret(Encoded("AAAA", "base64")),
            "draft": DELETED,
            "share": float("nan"),
        }
    )

    assert answered["processVariables"] == [
        variable("card", '{"number":4711}', encrypted=True),
        {"name": "note", "data": {"encoding": "text", "value": "call first"}},
        {"name": "seal", "data": {"encoding": "base64", "value": "AAAA", "encrypted": True}},
        {"name": "draft"},
        variable("share", '"NaN"'),
    ]


def test_completion_has_every_field_of_the_api():
    answers = set(c.JobCompletion.model_fields)

    assert set(Completion.__dataclass_fields__) == answers | {"variables", "element_variables"}
    assert set(CalledProcess.__dataclass_fields__) == set(c.CalledProcess.model_fields)


def test_completion_answers_what_jobs_ask():
    answered = answering(
        Completion(
            variables=Stock(True, "A1"),
            element_variables={"round": 2, "shipping/parcel": "small"},
            exclusive_gateway_decision="ship",
            inclusive_gateway_decision=["ship", "notify"],
            message_name="paid",
            message_correlation_key="order-7",
            signal_name="holiday",
            error_code="E1",
            escalation_code="late",
            timer=timedelta(minutes=90),
            called_process=CalledProcess(
                bpmn_process_id="shipping",
                version="2",
                correlation_key="order-7",
                tags={"team": "sales", "urgent": None},
                variables={"parcel": Secret("small")},
            ),
        )
    )

    assert answered == {
        "processVariables": [variable("in_stock", "true"), variable("shelf", '"A1"')],
        "elementVariables": [
            variable("round", "2"),
            {"bpmnElementId": "shipping", **variable("parcel", '"small"')},
        ],
        "completion": {
            "exclusiveGatewayDecision": "ship",
            "inclusiveGatewayDecision": ["ship", "notify"],
            "messageName": "paid",
            "messageCorrelationKey": "order-7",
            "signalName": "holiday",
            "errorCode": "E1",
            "escalationCode": "late",
            "timer": {"timeDuration": "PT1H30M"},
            "calledProcess": {
                "bpmnProcessId": "shipping",
                "version": "2",
                "correlationKey": "order-7",
                "tags": [{"name": "team", "value": "sales"}, {"name": "urgent"}],
                "variables": [variable("parcel", '"small"', encrypted=True)],
            },
        },
    }


@pytest.mark.parametrize(
    ("timer", "said"),
    [
        (datetime(2030, 1, 1, tzinfo=UTC), {"time": "2030-01-01T00:00:00+00:00"}),
        (timedelta(days=1), {"timeDuration": "P1D"}),
        ("P1M", {"timeDuration": "P1M"}),
        ("R3/PT10M", {"timeCycle": "R3/PT10M"}),
        ("0 12 * * *", {"timeCycle": "0 12 * * *"}),
    ],
)
def test_timers_are_points_in_time_durations_or_cycles(timer, said):
    assert answering(Completion(timer=timer)) == {"completion": {"timer": said}}


class Opaque:
    def __repr__(self) -> str:
        return "a secret"


class OpaqueModel(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    opaque: Any = Opaque()


@pytest.mark.parametrize(
    ("result", "fact"),
    [
        ("done", "answered a value of type str; it may be None"),
        (Stock, "answered a value of type type"),
        ({"order id": 1}, "answered a variable 'order id'; names have letters"),
        ({1: 1}, "answered a variable 1"),
        ({"a": Opaque()}, "value of type Opaque as variable a, which is no JSON"),
        (OpaqueModel(), "value of type OpaqueModel, which is no JSON"),
        ({"a": Encoded("")}, "answered variable a without value"),
        (Completion(variables=7), "value of type int as variables"),
        (Completion(inclusive_gateway_decision="ship"), "text as inclusive gateway decision"),
        (Completion(timer=datetime(2030, 1, 1)), "2030-01-01T00:00:00, which has no time zone"),  # noqa: DTZ001
        (Completion(timer=7), "value of type int as timer"),
    ],
)
def test_answer_that_does_not_fit_is_an_incident_at_once(result, fact):
    answered = answering(result)

    assert answered.keys() == {"error"}
    assert fact in answered["error"]
    assert "a secret" not in answered["error"]


# How a handler fails.


def test_exception_fails_the_job_with_the_retries_of_its_handler(caplog: pytest.LogCaptureFixture):
    answered = raising(ValueError("out of ink"), retries=3, backoff="PT10S")

    name = f"{__name__}.raising.<locals>.fail"
    assert answered == {"error": f"{name}: ValueError: out of ink", "retryLimit": 3, "retryTimer": "PT10S"}
    (record,) = caplog.records
    assert (record.name, record.levelno, bool(record.exc_info)) == ("bpmn.worker", logging.WARNING, True)


@pytest.mark.parametrize(
    ("retry_count", "timer"),
    [(0, "PT10S"), (1, "PT20S"), (2, "PT40S"), (8, "PT42M40S"), (9, "PT1H"), (99, "PT1H")],
)
def test_backoff_doubles_up_to_an_hour(retry_count, timer):
    answered = raising(ValueError(), Job(retry_count=retry_count), retries=100, backoff="PT10S")

    assert answered["retryTimer"] == timer


def test_without_a_word_of_model_and_handler_there_are_three_retries():
    failed = raising(ValueError(), Job(retry_count=1))

    assert (failed["retryLimit"], failed["retryTimer"]) == (3, "PT20S")


def test_retries_of_the_model_count_where_the_handler_says_nothing():
    job = Job(retry_limit=7, retry_timer="PT5M", retry_count=2)

    assert (raising(ValueError(), job)["retryLimit"], raising(ValueError(), job)["retryTimer"]) == (7, "PT5M")
    said = raising(ValueError(), job, retries=4, backoff="PT1S")
    assert (said["retryLimit"], said["retryTimer"]) == (4, "PT4S")


def test_incident_at_once_is_said_where_the_model_has_retries():
    job = Job(retry_limit=2)

    assert raising(Failure("no paper", retries=0), job)["noRetry"] is True
    assert raising(ValueError(), job, retries=0)["noRetry"] is True
    assert raising(ValueError(), Job(retry_limit=2, retry_count=2)).keys() == {"error"}


def test_backoff_that_is_longer_than_an_hour_stays():
    assert raising(ValueError(), Job(retry_count=5), retries=9, backoff="P2D")["retryTimer"] == "P2D"


def test_last_retry_is_followed_by_an_incident():
    assert raising(ValueError(), Job(retry_count=3), retries=3).keys() == {"error"}


def test_failure_has_retries_of_its_own():
    assert raising(Failure("no paper", retries=5, retry_after="PT1M"), Job(retry_count=4))["retryLimit"] == 5
    assert raising(Failure("no paper", retry_after=timedelta(hours=2)))["retryTimer"] == "PT2H"
    assert raising(Failure("no paper", retries=0)).keys() == {"error"}
    assert raising(Failure(""))["error"].endswith("failed"), "an empty error would be no error"


def test_end_of_the_program_in_a_handler_is_a_failure():
    assert "SystemExit: 7" in raising(SystemExit(7))["error"]
    with pytest.raises(KeyboardInterrupt):
        raising(KeyboardInterrupt())


def test_error_text_has_an_end():
    assert len(raising(ValueError("x" * 10_000))["error"]) == 2000


def test_bpmn_errors_and_escalations_are_thrown_with_variables():
    error = raising(BpmnError("NO_STOCK", variables={"missing": 2}))
    escalation = raising(Escalation("late", variables=Stock(True), again_after="PT1H"))

    assert error == {
        "processVariables": [variable("missing", "2")],
        "completion": {"errorCode": "NO_STOCK"},
    }
    assert escalation == {
        "processVariables": [variable("in_stock", "true"), variable("shelf", "null")],
        "completion": {"escalationCode": "late"},
        "retryTimer": "PT1H",
    }


@pytest.mark.parametrize("thrown", [BpmnError("E"), Escalation("E")])
def test_only_work_can_throw(thrown):
    answered = raising(thrown, Job(type="EVALUATE_EXCLUSIVE_GATEWAY"))

    assert answered.keys() == {"error"}
    assert "E cannot be thrown by a job of type EVALUATE_EXCLUSIVE_GATEWAY" in answered["error"]


@pytest.mark.parametrize("thrown", [BpmnError("E", variables={"": 1}), Escalation("E", variables={"": 1})])
def test_thrown_variables_that_do_not_fit_are_an_incident(thrown):
    answered = raising(thrown)

    assert answered.keys() == {"error"}
    assert "E: answered a variable ''" in answered["error"]


@pytest.mark.parametrize("kind", [BpmnError, Escalation])
def test_code_that_is_empty_would_be_no_code(kind):
    with pytest.raises(ValueError, match="code is empty"):
        kind("")


# What it costs to import it.

BUDGET = 330
"""Modules beyond those of an empty Python."""

HEAVY = {"boto3", "botocore", "chalice", "lxml", "orjson", "sqlite3"}


def test_import_is_light():
    program = "import chalicelib.sdk.worker, chalicelib.sdk.loading, sys; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = printed.stdout.split()

    ours = {name for name in modules if name.startswith("chalicelib")}
    assert not HEAVY & set(modules)
    assert {name.split(".")[1] for name in ours if "." in name} == {"sdk"}
    assert len(modules) <= BUDGET, "it is loaded with each cold start of a worker"

"""The Microflow Runtime as its clients see it: the contract's own requests, and what is answered to them."""

import json
from typing import Any

import pytest

from chalicelib.api.microflow import MicroflowVoice
from chalicelib.contract.microflow import OPERATIONS, RunMicroflow
from chalicelib.contract.rights import Role
from chalicelib.settings import Settings
from chalicelib.storage.memory import MemoryItems
from tests.api.driver import KEY, Answer, Api
from tests.api.test_failures import Broken
from tests.api.test_rights import add
from tests.models import drawn, microflow

DO_ACTION = "/MicroflowRest/DoAction"
REFRESH = "/MicroflowRest/refreshCache"
CLASS_ACTION = "/MicroflowRest/classAction"
LIST = "/MicroflowRest/microflows"

JSON = "application/json;charset=UTF-8"
PLAIN = "text/plain;charset=UTF-8"

SIX = ["exception", "responseStatus", "responseObjectsMap", "flowName", "flowId", "tId"]
TEN = [
    "businessObjectSize",
    "exception",
    "fieldDescriptersMapSize",
    "process",
    "businessObjectDefSize",
    "files",
    "cacheClassSize",
    "definitionSize",
    "responseStatus",
    "fieldDescripterSize",
]


@pytest.fixture
def old() -> Api:
    """As clients of the contract call it: on a trusted network, nobody says who they are."""
    return Api(Settings(store="memory", api_key=KEY, surfaces_auth="none"))


def deploy(api: Api, xml: str, version: str = "1", bpmn_process_id: str = "flow", **fields: Any) -> Answer:
    body = {"bpmnProcessId": bpmn_process_id, "bpmnXml": xml, "version": version, "workerId": "w", **fields}
    return api.send("POST", "/processes", body, {"Authorization": KEY})


def act(api: Api, body: Any, path: str = DO_ACTION) -> Any:
    """Send it as the clients of the contract do: JSON, and no credential."""
    answer = api.send("POST", path, body, {"Authorization": None, "Content-Type": "application/json"})
    assert (answer.status, answer.content_type) == (200, JSON), answer.body
    return answer.json


def run(api: Api, body: Any) -> Any:
    answer = act(api, body)
    assert list(answer) == SIX
    assert (answer["exception"], answer["responseStatus"]) == ("", "SUCCESS"), answer
    assert (answer["flowId"], answer["tId"]) == ("", "")
    return answer["responseObjectsMap"]


def failure(api: Api, body: Any, objects: Any = None) -> str:
    """Why it has failed."""
    answer = act(api, body)
    assert list(answer) == SIX
    assert (answer["responseStatus"], answer["responseObjectsMap"]) == ("ERROR", objects or {}), answer
    return answer["exception"]


# T1 to T8, as clients send them


def test_t1_a_list_comes_out_under_its_name(old: Api) -> None:
    rows = "for day in 1..2 return {as_date: param_v_swap_with.as_date, n: day}"
    deploy(
        old,
        microflow(
            "swap_with",
            ("v_swap_with_list", rows),
            inputs={"param_v_swap_with": {"as_date": "Date", "team_group_no": "String"}},
            outputs={"v_swap_with_list": []},
        ),
    )

    found = run(
        old,
        {
            "flowName": "swap_with",
            "object": {"param_v_swap_with": {"as_date": "2018-07-01", "team_group_no": "TGN0000000228"}},
        },
    )

    assert found == {
        "v_swap_with_list": [{"as_date": "2018-07-01", "n": 1}, {"as_date": "2018-07-01", "n": 2}]
    }


def test_t2_strings_go_in_as_they_are(old: Api) -> None:
    fields = {"p_employee_code": "String", "p_month": "String", "p_year": "String"}
    deploy(
        old,
        microflow(
            "my_calendar",
            ("echo", "in_param_my_calen"),
            inputs={"in_param_my_calen": fields},
            outputs={"echo": fields},
        ),
    )
    given = {"p_employee_code": "0042", "p_month": "07", "p_year": "2018"}

    assert run(old, {"flowName": "my_calendar", "object": {"in_param_my_calen": given}}) == {"echo": given}


SCHEDULE = [
    {
        "wGSchedule": [
            {
                "employee_name": "String",
                "employee_id": "String",
                "position": "String",
                "state_name_Pl": {"working_hour": "Decimal", "ot_hour": "Decimal", "rlv_adm_hour": "Decimal"},
                "dWork": [{"state_nameP": [{"day_activityP": "String"}]}],
            }
        ]
    }
]


def test_t3_nested_lists_and_mixed_cases_stay_as_they_are(old: Api) -> None:
    row = (
        '[{wGSchedule: [{employee_name: "แอน", employee_id: param_work_my_calendar.employee_code, '
        "position: null, state_name_Pl: {working_hour: 7.5, ot_hour: 0, rlv_adm_hour: null}, "
        'dWork: for d in 1..31 return {state_nameP: [{day_activityP: "D" + string(d)}]}}]}]'
    )
    deploy(
        old,
        microflow(
            "work_group_schedule_of_my_calendar",
            ("SchedM", row),
            inputs={
                "param_work_my_calendar": {
                    "as_year": "String",
                    "as_month": "String",
                    "employee_code": "String",
                }
            },
            outputs={"SchedM": SCHEDULE},
        ),
    )

    found = run(
        old,
        {
            "flowName": "work_group_schedule_of_my_calendar",
            "object": {
                "param_work_my_calendar": {"as_year": "2018", "as_month": "07", "employee_code": "E7"}
            },
        },
    )

    (first,) = found["SchedM"][0]["wGSchedule"]
    assert first["employee_id"] == "E7"
    assert first["state_name_Pl"] == {"working_hour": 7.5, "ot_hour": 0, "rlv_adm_hour": None}
    assert first["dWork"][30]["state_nameP"] == [{"day_activityP": "D31"}]


@pytest.mark.parametrize("script", [("SchedM", "[]"), ("SchedM", "null"), ("other", "1")])
def test_t3_a_declared_list_is_there_though_it_is_empty(script: tuple[str, str], old: Api) -> None:
    deploy(old, microflow("work_group_schedule_of_my_calendar", script, outputs={"SchedM": SCHEDULE}))

    assert run(old, {"flowName": "work_group_schedule_of_my_calendar", "object": {}}) == {"SchedM": []}


@pytest.mark.parametrize(
    ("name", "object"),
    [("MyScheduleShiftSum", "schedule_param_shift"), ("MyScheduleNoHoliday", "schedule_param_holiday")],
)
def test_t4_and_t5_year_month_and_employee_go_in(name: str, object: str, old: Api) -> None:
    fields = {"as_year": "String", "as_month": "String", "employee_code": "String"}
    deploy(
        old,
        microflow(
            name,
            ("sum", f"{object}.as_year + {object}.as_month"),
            inputs={object: fields},
            outputs={"sum": "String"},
        ),
    )
    given = {"as_year": "2018", "as_month": "07", "employee_code": "E7"}

    assert run(old, {"flowName": name, "object": {object: given}}) == {"sum": "201807"}


TRACKING = [{"status": "String"}]


def test_t6_names_have_spaces_and_what_is_not_set_is_left_out(old: Api) -> None:
    deploy(
        old,
        microflow(
            "Get Tracking Detail",
            ("Tracking_Output", "[{status: Tracking_Input.number}]"),
            inputs={"Tracking_Input": {"number": "String"}, "Tracking_List_Input": {"mobile": "String"}},
            outputs={"Tracking_Output": TRACKING},
        ),
    )

    answer = act(old, {"flowName": "Get Tracking Detail", "object": {"Tracking_Input": {"number": "EX1"}}})

    assert answer["flowName"] == "Get Tracking Detail"
    assert all(isinstance(answer[key], str) for key in SIX if key != "responseObjectsMap")
    assert answer["responseObjectsMap"]["Tracking_Output"] == [{"status": "EX1"}]


def test_t7_a_list_of_one_is_a_list_and_a_list_of_none_is_a_success(old: Api) -> None:
    rows = 'if Tracking_List_Input.mobile = "0800000000" then {status: "here"} else null'
    deploy(
        old,
        microflow(
            "Get Tracking List",
            ("Tracking_Output", rows),
            inputs={"Tracking_List_Input": {"mobile": "String"}},
            outputs={"Tracking_Output": TRACKING},
        ),
    )

    assert run(
        old, {"flowName": "Get Tracking List", "object": {"Tracking_List_Input": {"mobile": "0800000000"}}}
    ) == {"Tracking_Output": [{"status": "here"}]}
    assert run(
        old, {"flowName": "Get Tracking List", "object": {"Tracking_List_Input": {"mobile": "1"}}}
    ) == {"Tracking_Output": []}


def test_t8_a_failure_shows_without_its_status(old: Api) -> None:
    answer = act(old, {"flowName": "Foo", "object": {}})

    assert answer == {
        "exception": "Flow not found: Foo",
        "responseStatus": "ERROR",
        "responseObjectsMap": {},
        "flowName": "Foo",
        "flowId": "",
        "tId": "",
    }


# T11, literals


def test_t11_refresh_cache_answers_these_words(old: Api) -> None:
    for method in ("GET", "POST"):
        answer = old.send(method, REFRESH, headers={"Authorization": None})

        assert (answer.status, answer.content_type) == (200, PLAIN)
        assert answer.body == b"RefreshCache Success"


def test_t11_class_action_answers_ten_keys(old: Api) -> None:
    deploy(
        old,
        microflow(
            "ExchangeRate",
            inputs={"RequestBO": {"requestData": "String"}},
            outputs={"ResponseBO": {"responseData": "Decimal"}},
            appName="App",
            uniqueId="F0001",
            snapVersion="v.0.2.0",
        ),
    )

    answer = act(old, {"fileNames": ["F0001.App.ExchangeRate.v.0.2.0.jar"], "event": "refresh"}, CLASS_ACTION)

    assert list(answer) == TEN
    assert answer == {
        "businessObjectSize": 2,
        "exception": "",
        "fieldDescriptersMapSize": 2,
        "process": ["ExchangeRate"],
        "businessObjectDefSize": 2,
        "files": [],
        "cacheClassSize": 0,
        "definitionSize": 1,
        "responseStatus": "SUCCESS",
        "fieldDescripterSize": 2,
    }


# DoAction


def exchange(api: Api, version: str = "1", **fields: Any) -> None:
    xml = microflow(
        "ExchangeRate",
        ("ResponseBO", "{responseData: 31.184504, asked: RequestBO.requestData}"),
        inputs={"RequestBO": {"requestData": "String"}},
        outputs={"ResponseBO": {}},
        **fields,
    )
    assert deploy(api, xml, version).status == 201


def test_the_example_of_the_contract(old: Api) -> None:
    exchange(old, appName="App", uniqueId="F0001", snapVersion="v.0.2.0")
    body = {
        "flowName": "ExchangeRate",
        "appName": "App",
        "uniqueId": "F0001",
        "snapVersion": "v.0.2.0",
        "object": {"RequestBO": {"requestData": "data"}},
    }

    assert run(old, body) == {"ResponseBO": {"responseData": 31.184504, "asked": "data"}}
    assert run(old, {**body, "surprise": 1, "object": {**body["object"], "Unknown": 1}})
    for selector in ("appName", "uniqueId", "snapVersion"):
        assert failure(old, {**body, selector: "other"}) == "Flow not found: ExchangeRate"


def test_the_latest_of_several_versions_runs(old: Api) -> None:
    exchange(old, snapVersion="v.0.1.0")
    xml = microflow("ExchangeRate", ("ResponseBO", "2"), outputs={"ResponseBO": "Any"}, snapVersion="v.0.2.0")
    deploy(old, xml, "2")

    assert run(old, {"flowName": "ExchangeRate"}) == {"ResponseBO": 2}
    assert run(old, {"flowName": "ExchangeRate", "snapVersion": "v.0.1.0"})["ResponseBO"]["asked"] is None


def test_of_two_applications_one_must_be_named(old: Api) -> None:
    exchange(old, appName="A")
    deploy(old, microflow("ExchangeRate", bpmn_process_id="other", appName="B"), bpmn_process_id="other")

    fact = failure(old, {"flowName": "ExchangeRate"})

    assert "appName A" in fact and "appName B" in fact
    assert run(old, {"flowName": "ExchangeRate", "appName": "B"}) == {}


def test_a_process_that_is_no_microflow_is_not_run(old: Api) -> None:
    deploy(old, drawn("flow", "", "start -> end"))

    assert failure(old, {"flowName": "flow"}) == "Flow not found: flow"


@pytest.mark.parametrize(("name", "field"), [("คำนวณราคา", "ราคา"), ("Price & more <b>", "unit price")])
def test_names_may_be_thai_or_have_spaces_and_signs(name: str, field: str, old: Api) -> None:
    deploy(
        old,
        microflow(
            name,
            ("ผลลัพธ์", "ข้อมูล." + field + " * 2"),
            inputs={"ข้อมูล": {field: "Decimal"}},
            outputs={"ผลลัพธ์": "Decimal"},
        ),
    )

    assert run(old, {"flowName": name, "object": {"ข้อมูล": {field: "1.5"}}}) == {"ผลลัพธ์": 3}


def test_what_is_missing_is_null_and_what_is_of_another_type_is_named(old: Api) -> None:
    deploy(
        old,
        microflow(
            "f",
            ("seen", "[A.b, A.c, B]"),
            inputs={"A": {"b": "Integer", "c": "Date"}, "B": "Decimal"},
            outputs={"seen": []},
        ),
    )

    assert run(old, {"flowName": "f"}) == {"seen": [None, None, None]}
    assert run(old, {"flowName": "f", "object": {"A": {"b": "7"}, "B": None}}) == {"seen": [7, None, None]}
    assert failure(old, {"flowName": "f", "object": {"A": {"b": "seven"}}}) == "A.b must be a whole number"


def test_of_one_business_object_the_fields_alone_may_come(old: Api) -> None:
    deploy(old, microflow("f", ("b", "A.b"), inputs={"A": {"b": "String"}}, outputs={"b": "String"}))

    assert run(old, {"flowName": "f", "object": {"b": "x"}}) == {"b": "x"}


def test_only_what_is_declared_comes_out(old: Api) -> None:
    deploy(
        old,
        microflow(
            "f",
            ("secret", "1"),
            ("told", "{a: 1, hidden: 2}"),
            outputs={"told": {"a": "Integer", "b": "String"}},
        ),
    )

    assert run(old, {"flowName": "f"}) == {"told": {"a": 1, "b": None}}


def test_numbers_and_signs_that_others_cannot_write_come_out_as_json() -> None:
    (row,) = (row for row in OPERATIONS if row.name == "runMicroflow")
    objects = {"n": 12345678901234567890123, "half": "\ud83d"}

    answer = MicroflowVoice().answer(
        row, RunMicroflow(flowName="f"), {"objects": objects, "exception": "", "empty": {}, "trace": ""}
    )

    assert json.loads(answer.body)["responseObjectsMap"] == objects


@pytest.mark.parametrize(("sign", "count"), [("x", 900), ("ไ", 300), ('"', 250)])
def test_an_answer_that_is_too_large_for_where_it_runs_is_an_error(sign: str, count: int) -> None:
    (row,) = (row for row in OPERATIONS if row.name == "runMicroflow")
    voice = MicroflowVoice(largest_answer=1024)
    command = RunMicroflow(flowName="f")

    def answered(count: int) -> Any:
        objects = {"text": sign * count}
        result = {"objects": objects, "exception": "", "empty": {}, "trace": "2030-01-01/1"}
        return json.loads(voice.answer(row, command, result).body)

    large, fits = answered(count), answered(count // 2)

    assert fits["responseObjectsMap"] == {"text": sign * (count // 2)}
    assert list(large) == SIX
    assert large["exception"] == "the answer has more than 1024 bytes"
    assert (large["responseStatus"], large["responseObjectsMap"], large["tId"]) == (
        "ERROR",
        {},
        "2030-01-01/1",
    )


def failing(**fields: Any) -> str:
    """A microflow whose service task nobody does."""
    xml = microflow("f", ("x", "1"), outputs={"list": [], "object": {}, "text": "String"}, **fields)
    return xml.replace("scriptTask", "serviceTask").replace('resultVariable="x"', "")


def variable(name: str, value: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "data": {"encoding": "json", "value": value, **more}}


def test_what_a_handler_keeps_secret_comes_out_in_clear() -> None:
    settings = Settings(store="memory", api_key=KEY, surfaces_auth="none", encryption_keys=(b"k" * 32,))
    secret = variable("text", '"pin"', encrypted=True)
    api = Api(settings).serve(perform=lambda *_: {"processVariables": [secret]})
    deploy(api, failing())

    assert run(api, {"flowName": "f"}) == {"list": [], "object": {}, "text": "pin"}


def test_what_a_handler_calls_json_and_is_none_comes_out_as_text(old: Api) -> None:
    old.serve(perform=lambda *_: {"processVariables": [variable("text", "no json")]})
    deploy(old, failing())

    assert run(old, {"flowName": "f"})["text"] == "no json"


def test_an_unhandled_failure_has_status_200_and_empty_objects(old: Api) -> None:
    deploy(old, failing())

    assert failure(old, {"flowName": "f"}).startswith("s0: there is neither a connector nor a handler")


def test_declared_objects_may_come_empty_with_a_failure() -> None:
    api = Api(
        Settings(
            store="memory",
            api_key=KEY,
            surfaces_auth="none",
            compat_empty_outputs_on_error=True,
            compat_error_status="FAILED",
        )
    )
    deploy(api, failing())

    answer = act(api, {"flowName": "f"})

    assert answer["responseStatus"] == "FAILED"
    assert answer["responseObjectsMap"] == {"list": [], "object": {}, "text": None}
    assert act(api, {"flowName": "Foo"})["responseObjectsMap"] == {}


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        (b"{", "request body is no JSON"),
        (b"[1]", "request body is no JSON object"),
        (b"", "#/flowName is required"),
        ({}, "#/flowName is required"),
        ({"flowName": ""}, "#/flowName is required"),
        ({"flowName": "f", "object": [1]}, "#/object must be"),
        ({"flowName": 7}, "#/flowName must be a string"),
    ],
)
def test_what_cannot_be_read_has_status_400_and_six_keys(body: Any, fact: str, old: Api) -> None:
    answer = old.send("POST", DO_ACTION, body, {"Authorization": None})

    assert (answer.status, answer.content_type, list(answer.json)) == (400, JSON, SIX)
    assert answer.json["responseStatus"] == "ERROR"
    assert answer.json["responseObjectsMap"] == {}
    assert fact in answer.json["exception"]


def test_nobody_without_a_credential_comes_in(api: Api) -> None:
    answer = api.send("POST", DO_ACTION, {"flowName": "f"}, {"Authorization": None})

    assert (answer.status, list(answer.json), answer.json["flowName"]) == (401, SIX, "")
    assert api.send("GET", REFRESH, headers={"Authorization": None}).body.startswith(b"RefreshCache Failed: ")
    assert list(api.send("POST", CLASS_ACTION, {}, {"Authorization": None}).json) == TEN


@pytest.mark.parametrize("role", list(Role))
def test_who_may_run_and_who_may_refresh(role: Role, api: Api) -> None:
    headers = {"Authorization": add(api, role)}

    ran = api.send("POST", DO_ACTION, {"flowName": "f"}, headers).status
    refreshed = [
        api.send("GET", REFRESH, headers=headers).status,
        api.send("POST", CLASS_ACTION, {"fileNames": ["a"], "event": "file"}, headers).status,
    ]

    assert ran == (200 if role in (Role.ADMIN, Role.OPERATOR, Role.WORKER, Role.USER) else 403)
    assert refreshed == ([200, 200] if role is Role.ADMIN else [403, 403])


def test_a_traced_microflow_names_its_process_instance() -> None:
    api = Api(Settings(store="memory", api_key=KEY, surfaces_auth="none", microflow_trace=True))
    exchange(api)
    deploy(
        api,
        failing(bpmn_process_id="failing").replace('name="f"', 'name="failing"'),
        bpmn_process_id="failing",
    )

    traced = [act(api, {"flowName": name})["tId"] for name in ("ExchangeRate", "failing", "Foo")]

    found = api.send("POST", "/process-instances/query", {}, {"Authorization": KEY}).json["results"]
    assert traced == [*(f"{one['partition']}/{one['id']}" for one in found), ""]
    assert [one["state"] for one in found] == ["COMPLETED", "TERMINATED"]


def test_an_idempotency_key_answers_what_was_answered(old: Api) -> None:
    exchange(old)
    headers = {"Authorization": None, "Idempotency-Key": "once"}
    body = {"flowName": "ExchangeRate"}

    first = old.send("POST", DO_ACTION, body, headers)
    deploy(old, microflow("ExchangeRate", ("ResponseBO", "2"), outputs={"ResponseBO": "Any"}), "2")

    assert old.send("POST", DO_ACTION, body, headers).json == first.json
    assert run(old, body) == {"ResponseBO": 2}


def test_a_twin_of_what_is_under_way_is_refused_with_the_six_keys(old: Api) -> None:
    deploy(old, failing())
    headers = {"Authorization": None, "Idempotency-Key": "once"}
    twins: list[Answer] = []

    def perform(*given: Any) -> dict[str, Any]:
        twins.append(old.send("POST", DO_ACTION, {"flowName": "f"}, headers))
        return {}

    old.serve(perform=perform)
    answer = old.send("POST", DO_ACTION, {"flowName": "f"}, headers)

    assert (answer.status, answer.json["responseStatus"]) == (200, "SUCCESS")
    assert [(twin.status, list(twin.json), twin.json["responseStatus"]) for twin in twins] == [
        (409, SIX, "ERROR")
    ]
    assert twins[0].json["exception"] == "what was asked for under idempotency key once is under way"


@pytest.mark.parametrize("inputs", [{"deep": "Any"}, {"deep": []}, None])
@pytest.mark.parametrize("levels", [101, 1000])
def test_what_is_nested_too_deeply_is_refused_by_its_name(inputs: Any, levels: int, old: Api) -> None:
    deploy(old, microflow("deep", ("x", "1"), inputs=inputs, outputs={"x": "Any"}))
    body = b'{"flowName": "deep", "object": {"deep": %s1%s}}' % (b"[" * levels, b"]" * levels)

    assert failure(old, body) == "deep is nested deeper than 100 levels"
    keyed = old.send("POST", DO_ACTION, body, {"Authorization": None, "Idempotency-Key": "k"})
    assert (keyed.status, keyed.json["responseStatus"]) == (200, "ERROR")


# Deploy


def test_a_microflow_that_could_wait_is_not_deployed(old: Api) -> None:
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    wait = f'<intermediateCatchEvent id="wait">{timer}</intermediateCatchEvent>'
    xml = drawn("flow", f'<userTask id="look"/>{wait}', "start -> look", "look -> wait", "wait -> end")

    answer = deploy(old, xml, tags=[{"name": "microflow", "value": "true"}])

    assert answer.status == 422
    assert [(cause["pointer"], cause["detail"]) for cause in answer.json["errors"]] == [
        ("/flow/look", "element look of type USER_TASK cannot run in a microflow"),
        ("/flow/wait", "element wait of type TIMER_CATCH_EVENT cannot run in a microflow"),
    ]
    assert deploy(old, xml).status == 201


# Class actions


@pytest.mark.parametrize(
    "name",
    [
        "F0001.App.ExchangeRate.v.0.2.0.jar",
        "F0001.App.ExchangeRate.v.0.2.0",
        "F0001.App.ExchangeRate.jar",
        "flow.App.ExchangeRate.v.0.2.0.jar",
    ],
)
def test_a_package_is_found_by_the_parts_of_its_name(name: str, old: Api) -> None:
    exchange(old, appName="App", uniqueId="F0001", snapVersion="v.0.2.0")

    answer = act(old, {"fileNames": [name], "event": "file"}, CLASS_ACTION)

    assert (answer["process"], answer["files"]) == (["ExchangeRate"], ["F0001.App.ExchangeRate.v.0.2.0.jar"])


def test_a_name_with_dots_is_compared_before_it_is_parsed(old: Api) -> None:
    deploy(old, microflow("Get.Rate.1.2", appName="My.App", uniqueId="F.1", snapVersion="v.1"))

    answer = act(old, {"fileNames": ["F.1.My.App.Get.Rate.1.2.v.1.jar"], "event": "generate"}, CLASS_ACTION)

    assert (answer["process"], answer["exception"]) == (["Get.Rate.1.2"], "")


def test_what_is_not_there_is_named_and_the_others_are_done(old: Api) -> None:
    exchange(old, appName="App", uniqueId="F0001", snapVersion="v.0.2.0")
    names = ["F0002.App.Other.v.1.jar", "F0001.App.ExchangeRate.v.0.2.0.jar", "nonsense"]

    answer = act(old, {"fileNames": names, "event": "refresh"}, CLASS_ACTION)

    assert answer["responseStatus"] == "SUCCESS"
    assert answer["process"] == ["ExchangeRate"]
    assert answer["exception"].startswith("F0002.App.Other.v.1.jar: microflow Other")
    assert "nonsense: microflow" in answer["exception"]


def test_where_nothing_is_done_nothing_is_counted(old: Api) -> None:
    exchange(old)

    answer = act(old, {"fileNames": ["a.b.c.jar"], "event": "refresh"}, CLASS_ACTION)

    assert answer["responseStatus"] == "ERROR"
    assert {answer[key] for key in TEN if key.endswith("Size")} == {0}
    assert (answer["process"], answer["files"]) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        {"fileNames": [], "event": "file"},
        {"event": "file"},
        {"fileNames": ["a"]},
        {"fileNames": ["a"], "event": "delete"},
        b"{",
    ],
)
def test_an_unknown_event_and_no_names_have_status_400(body: Any, old: Api) -> None:
    answer = old.send("POST", CLASS_ACTION, body, {"Authorization": None})

    assert (answer.status, list(answer.json)) == (400, TEN)
    assert (answer.json["responseStatus"], answer.json["definitionSize"]) == ("ERROR", 0)
    assert answer.json["exception"]


# List, caches


def test_all_microflows_are_listed_with_their_objects(old: Api) -> None:
    exchange(old, appName="App", uniqueId="F0001", snapVersion="v.0.2.0")
    deploy(old, drawn("process", "", "start -> end"), bpmn_process_id="process")

    answer = old.send("GET", LIST, headers={"Authorization": None})

    assert (answer.status, answer.content_type) == (200, JSON)
    assert answer.json == {
        "count": 1,
        "results": [
            {
                "flowName": "ExchangeRate",
                "bpmnProcessId": "flow",
                "version": "1",
                "appName": "App",
                "uniqueId": "F0001",
                "snapVersion": "v.0.2.0",
                "fileName": "F0001.App.ExchangeRate.v.0.2.0.jar",
                "inputs": {"RequestBO": {"requestData": "String"}},
                "outputs": {"ResponseBO": {}},
            }
        ],
    }


def test_a_cache_that_cannot_be_read_anew_says_so() -> None:
    api = Api(Settings(store="memory", surfaces_auth="none"), Broken(MemoryItems()))

    answer = api.send("GET", REFRESH, headers={"Authorization": None})

    assert (answer.status, answer.content_type) == (500, PLAIN)
    assert answer.body.startswith(b"RefreshCache Failed: an unexpected error occurred")

"""The Process Runtime, operation by operation, and the walks that clients take through it."""

from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.contract.rights import Role
from chalicelib.settings import Settings
from tests.api.driver import KEY, Api, Seconds, no_pauses
from tests.api.issuer import Issuer, token
from tests.api.runtime import Runtime
from tests.api.test_failures import Busy, Silent
from tests.api.test_rights import add
from tests.models import drawn, extended, mapped

ROOM = {"roomNo": "101"}
CUSTOMER = {"name": "Ann"}
FIELDS = {
    "id",
    "instanceId",
    "name",
    "processName",
    "definitionId",
    "description",
    "createBy",
    "createTime",
    "dueDate",
    "priority",
    "assignee",
    "owner",
    "parentTaskId",
    "loadlinkEntityId",
    "loadlinkParam",
}


def properties(**values: str) -> str:
    """Properties of an element, `rule_1` for `rule 1`."""
    rows = "".join(
        f'<zeebe:property name="{name.replace("_", " ")}" value="{value}"/>' for name, value in values.items()
    )
    return f"<zeebe:properties>{rows}</zeebe:properties>"


def one_task(name: str = "one", inside: str = "", **values: str) -> str:
    """A process with a single user task `ask`."""
    content = f'<userTask id="ask">{extended(properties(**values))}{inside}</userTask>'
    return drawn(name, content, "start -> ask", "ask -> end")


def deploy_outer(runtime: Runtime) -> None:
    """A process `outer` with a user task of its own beside a call of `inner`, which has one, too."""
    runtime.deploy(one_task("inner"), "inner")
    called = extended('<zeebe:calledElement processId="inner"/>')
    content = f'<callActivity id="call">{called}</callActivity><userTask id="own"/>'
    runtime.deploy(
        drawn("outer", content, "start -> call", "start -> own", "call -> end", "own -> end"), "outer"
    )


@pytest.fixture
def runtime(api: Api) -> Runtime:
    return Runtime(api)


@pytest.fixture
def booking(runtime: Runtime) -> Runtime:
    """With the Booking Room deployed."""
    runtime.deploy()
    return runtime


@pytest.fixture
def assigned(booking: Runtime) -> str:
    """The id of a task that ann and bob may do."""
    task = booking.task(booking.start(RoomObject=ROOM, CustomerInfo=CUSTOMER))
    booking.do("assign", task["id"], user=["ann", "bob"])
    return str(task["id"])


# T9 to T11


@pytest.mark.parametrize("of_instance", [False, True])
def test_booking_room_from_start_to_the_next_task(of_instance, booking):
    """T9."""
    started = booking.send(
        "POST",
        "/process/start",
        {
            "processName": "Booking Room",
            "appName": "HotelApp",
            "uniqueId": "P0001",
            "snapVersion": "v.0.2.0",
            "object": {"RoomObject": ROOM, "CustomerInfo": CUSTOMER},
        },
    )
    instance = booking.data(started)
    (task,) = booking.tasks(instance)
    assert task["name"] == "Select Room"

    if of_instance:
        booking.data(booking.send("POST", f"/instance/{instance}/tasks/assign", user="origcmr4"))
    else:
        booking.do("assign", task["id"], user="origcmr4")
    assert booking.listed(user="origcmr4") == [task["id"]]

    for verb in ("claim", "unclaim", "claim"):
        assert booking.do(verb, task["id"], user="origcmr4") == ""
    assert booking.do("complete", task["id"], {"RoomObject": {"status": "booked"}}, user="origcmr4") == ""

    again = booking.task(instance)
    assert again["name"] == "Select Room", "the room is booked: choose another"
    assert again["id"] != task["id"]
    assert again["createBy"] == "origcmr4"
    assert booking.listed(user="origcmr4") == []

    booking.do("assign", again["id"], user="origcmr4")
    booking.do("complete", again["id"], {"RoomObject": {"roomNo": "102", "status": "free"}}, user="origcmr4")
    assert booking.task(instance)["name"] == "Confirm Booking"


def test_task_record_renders_with_and_without_a_screen(runtime):
    """T10."""
    runtime.deploy()
    linked = runtime.task(runtime.start(RoomObject={"roomNo": "101 A&B", "status": "ห้อง"}))
    runtime.deploy(one_task(), "one")
    plain = runtime.task(runtime.start("one"))

    assert set(linked) == set(plain) == FIELDS
    assert (linked["name"], linked["processName"]) == ("Select Room", "Booking Room")
    assert (linked["loadlinkEntityId"], linked["loadlinkParam"]) == ("Room", "roomNo=101%20A%26B")
    assert (plain["loadlinkEntityId"], plain["loadlinkParam"]) == (None, "=")
    assert plain["name"] == "ask"


def test_class_action_answers_its_ten_keys(booking):
    """T11."""
    name = "P0001.HotelApp.Booking Room.v.0.2.0.jar"
    answer = booking.send("POST", "/classAction", {"fileNames": [name], "event": "refresh"})

    assert answer.status == 200
    expected = {
        "businessObjectSize": 2,
        "exception": "",
        "fieldDescriptersMapSize": 2,
        "process": ["Booking Room"],
        "businessObjectDefSize": 2,
        "files": [],
        "cacheClassSize": 0,
        "definitionSize": 1,
        "responseStatus": "SUCCESS",
        "fieldDescripterSize": 4,
    }
    assert list(answer.json.items()) == list(expected.items()), "in this order"


def test_class_action_that_is_refused_answers_them_in_order_too(booking):
    refused = booking.send("POST", "/classAction", {"fileNames": ["x.jar"], "event": "boom"})
    done = booking.send("POST", "/classAction", {"fileNames": ["x.jar"], "event": "file"})

    assert (refused.status, list(refused.json)) == (400, list(done.json))
    assert list(done.json)[:2] == ["businessObjectSize", "exception"]


def test_claim_needs_neither_content_type_nor_body(booking, assigned):
    """T11."""
    answer = booking.act("claim", assigned, None, {"Content-Type": None}, user="ann")

    assert (answer.status, answer.json["data"], answer.json["totalRecordCount"]) == (200, "", 1)


# Start


def test_start_answers_an_id_and_the_tasks_are_there_at_once(booking):
    instance = booking.start(RoomObject=ROOM)

    days, uuid = instance.split("-", 1)
    assert days.isdecimal() and len(uuid) == 36 and uuid[14] == "4"
    assert booking.task(instance)["instanceId"] == instance


def test_objects_are_variables_of_any_name(runtime):
    runtime.deploy(one_task(), "one")
    objects = {"Customer Info": {"name": "สมชาย"}, "ห้อง": [1, 2.5], "n": None, "t": "text"}

    task = runtime.task(runtime.start("one", **objects))
    answer = runtime.act("variables", task["id"])

    assert (answer.json["data"], answer.json["totalRecordCount"]) == (objects, 4)
    assert runtime.api.expect(200, "getProcessVariables")["count"] == 4


def test_legacy_start_takes_the_objects_alone(booking):
    answer = booking.send("POST", "/process/Booking%20Room/start", {"RoomObject": ROOM})

    task = booking.task(booking.data(answer))
    assert booking.do("variables", task["id"]) == {"RoomObject": ROOM}


def test_thai_names_start(runtime):
    xml = one_task().replace('id="one"', 'id="one" name="จองห้อง"')
    runtime.deploy(xml, "one")
    name = "%E0%B8%88%E0%B8%AD%E0%B8%87%E0%B8%AB%E0%B9%89%E0%B8%AD%E0%B8%87"

    instance = runtime.data(runtime.send("POST", f"/process/{name}/start"))

    assert runtime.task(instance)["processName"] == "จองห้อง"


@pytest.mark.parametrize("body", [None, b"", b"{}"])
def test_process_without_objects_starts(body, booking):
    booking.data(booking.send("POST", "/process/bookingRoom/start", body, {"Content-Type": None}))


@pytest.fixture
def ordering(runtime: Runtime) -> Runtime:
    """With a process whose only business object is `Order`."""
    xml = drawn("one", '<userTask id="ask"/>', "start -> ask", "ask -> end")
    declared = properties(**{"input_Order": "{&quot;nr&quot;: &quot;Integer&quot;}"})
    xml = xml.replace('isExecutable="true">', f'isExecutable="true">{extended(declared)}')
    runtime.deploy(xml, "one")
    return runtime


@pytest.mark.parametrize(
    ("sent", "stored"),
    [({"nr": "7", "more": 1}, {"nr": 7, "more": 1}), ({"more": {"a": 1}}, {"more": {"a": 1}})],
    ids=["known field", "no known field"],
)
def test_only_object_may_come_without_its_name(sent, stored, ordering):
    task = ordering.task(ordering.start("one", **sent))
    assert ordering.do("variables", task["id"]) == {"Order": stored}

    other = ordering.task(ordering.start("one", Order={"nr": 1}, more=2))
    assert ordering.do("variables", other["id"]) == {"Order": {"nr": 1}, "more": 2}


@pytest.mark.parametrize("body", [{"object": {"Order": {"nr": "7"}}}, {"object": {"nr": "7"}}, {"nr": "7"}])
def test_legacy_start_unwraps_a_sole_object(body, ordering):
    task = ordering.task(ordering.data(ordering.send("POST", "/process/one/start", body)))

    assert ordering.do("variables", task["id"]) == {"Order": {"nr": 7}}


def test_business_object_called_object_is_no_wrapper(runtime):
    xml = one_task().replace(
        'isExecutable="true">', f'isExecutable="true">{extended(properties(input_object="{}"))}'
    )
    runtime.deploy(xml, "one")

    started = runtime.send("POST", "/process/one/start", {"object": {"nr": 7}})
    task = runtime.task(runtime.data(started))

    assert runtime.do("variables", task["id"]) == {"object": {"nr": 7}}


def test_process_that_ends_without_a_task_answers_an_id_and_no_task(runtime):
    runtime.deploy(drawn("one", "", "start -> end"), "one")

    assert runtime.tasks(runtime.start("one")) == []


def test_caller_is_the_initiator(booking):
    assert booking.task(booking.start())["createBy"] == "key"
    key = add(booking.api, Role.USER)

    task = booking.task(booking.start(headers={"Authorization": key}))

    assert task["createBy"].startswith("key:")


@pytest.mark.parametrize(
    ("body", "code", "error_type", "message"),
    [
        ({"processName": "Spa"}, 404, "PROCESS_NOT_FOUND", "process Spa could not be found"),
        ({"processName": "Booking Room", "snapVersion": "v.9"}, 404, "PROCESS_NOT_FOUND", "snapVersion v.9"),
        ({}, 400, "BAD_REQUEST", "#/processName is required"),
        ({"processName": 1}, 400, "BAD_REQUEST", "#/processName must be a string"),
        ({"processName": "x", "object": []}, 400, "BAD_REQUEST", "#/object must be an object"),
        (b"{", 400, "BAD_REQUEST", "no JSON"),
        (b"[]", 400, "BAD_REQUEST", "no JSON object"),
        (
            {"processName": "Booking Room", "object": {"RoomObject": {"nights": "two"}}},
            400,
            "BAD_REQUEST",
            "RoomObject.nights must be a whole number",
        ),
    ],
)
def test_start_is_refused(body, code, error_type, message, booking):
    answer = booking.send("POST", "/process/start", body)

    assert message in booking.refused(answer, code, error_type)


def test_unknown_keys_and_parameters_are_left_out(booking):
    body = {"processName": "Booking Room", "colour": "red"}

    assert booking.send("POST", "/process/start", body, colour="red").status == 200


FAILS = drawn(
    "fails",
    '<userTask id="ask"/><exclusiveGateway id="which"/>',
    "start -> which",
    "which -> ask: =go",
    "ask -> end",
)


def test_node_that_fails_before_the_first_task_undoes_the_start(runtime):
    runtime.deploy(FAILS, "fails")

    answer = runtime.send("POST", "/process/start", {"processName": "fails"})

    assert "no condition" in runtime.refused(answer, 500, "PROCESS_EXECUTION_FAILED")
    assert runtime.api.expect(200, "queryProcessInstances")["count"] == 0
    assert len(runtime.tasks(runtime.start("fails", go=True))) == 1


def test_start_is_sent_twice_and_done_once(booking):
    headers = {"Idempotency-Key": "order-1"}

    first, second = (booking.start(headers=headers) for _ in range(2))

    assert first == second
    assert booking.api.expect(200, "queryProcessInstances")["count"] == 1


def test_key_of_another_request_is_no_matter_of_a_task(booking):
    headers = {"Idempotency-Key": "order-1"}
    booking.start(headers=headers, RoomObject=ROOM)

    body = {"processName": "Booking Room", "object": {"RoomObject": {"roomNo": "102"}}}
    answer = booking.send("POST", "/process/start", body, headers)

    said = booking.refused(answer, 409, "IDEMPOTENCY_KEY_REUSED")
    assert said == "idempotency key order-1 was used for another command"


# Tasks of an instance


def test_tasks_are_listed_oldest_first_with_those_of_called_processes(runtime):
    deploy_outer(runtime)

    names = [(task["processName"], task["name"]) for task in runtime.tasks(runtime.start("outer"))]

    assert sorted(names) == [("inner", "ask"), ("outer", "own")]


def test_record_says_what_the_model_says(booking):
    instance = booking.start(RoomObject=ROOM)

    task = booking.task(instance)

    assert task == {
        "id": task["id"],
        "instanceId": instance,
        "name": "Select Room",
        "processName": "Booking Room",
        "definitionId": "bookingRoom:1:1",
        "description": "Find a room that suits the guest, and say whether it is free.",
        "createBy": "key",
        "createTime": booking.api.clock(),
        "dueDate": None,
        "priority": 60,
        "assignee": None,
        "owner": None,
        "parentTaskId": None,
        "loadlinkEntityId": "Room",
        "loadlinkParam": "roomNo=101",
    }


def test_due_date_is_a_number_and_priority_from_1_to_99(runtime):
    inside = extended(
        '<zeebe:taskSchedule dueDate="2030-02-01T00:00:00Z"/><zeebe:priorityDefinition priority="100"/>'
    )
    runtime.deploy(one_task().replace(extended(properties()), inside), "one")

    task = runtime.task(runtime.start("one"))

    assert (task["dueDate"], task["priority"]) == (1896134400000, 99)


def test_ended_instance_has_no_tasks(booking, assigned):
    runtime = booking
    runtime.deploy(one_task(), "one")
    instance = runtime.start("one")
    task = runtime.task(instance)
    runtime.do("assign", task["id"], user="ann")
    runtime.do("complete", task["id"], user="ann")

    answer = runtime.send("GET", f"/instance/{instance}/tasks")

    assert (answer.json["data"], answer.json["totalRecordCount"]) == ([], 0)


FORGED = "1-494baede-088f-46bb-8a24-77b049ef996c"


@pytest.mark.parametrize("id", ["1", "x", FORGED, "122056910-494baede-088f-46bb-8a24-77b049ef996c", "é"])
def test_ids_that_the_engine_has_not_made_are_none(id, booking):
    booking.refused(booking.send("GET", f"/instance/{id.encode().hex()}/tasks"), 404, "INSTANCE_NOT_FOUND")
    booking.refused(booking.send("GET", f"/instance/{FORGED}/tasks"), 404, "INSTANCE_NOT_FOUND")
    booking.refused(booking.act("claim", id, user="ann"), 404, "TASK_NOT_FOUND")


def test_id_of_one_kind_is_none_of_the_other(booking, assigned):
    instance = booking.start()

    booking.refused(booking.act("claim", instance, user="ann"), 404, "TASK_NOT_FOUND")
    booking.refused(booking.send("GET", f"/instance/{assigned}/tasks"), 404, "INSTANCE_NOT_FOUND")


# Claim and unclaim


def test_claim_takes_the_task_from_the_lists_of_others(booking, assigned):
    assert booking.listed(user="ann") == booking.listed(user="bob") == [assigned]

    booking.do("claim", assigned, user="ann")

    assert booking.listed(user="ann") == [assigned]
    assert booking.listed(user="bob") == []
    (task,) = booking.data(booking.send("GET", "/tasks", user="ann"))
    assert (task["assignee"], task["owner"]) == ("ann", None)


def test_claim_by_the_holder_changes_nothing(booking, assigned):
    booking.do("claim", assigned, user="ann")
    before = booking.api.expect(200, "queryUserTasks")["results"]

    booking.do("claim", assigned, user="ann")

    assert booking.api.expect(200, "queryUserTasks")["results"] == before


def test_claim_is_refused(booking, assigned):
    booking.refused(booking.act("claim", assigned, user="eve"), 403, "FORBIDDEN")
    booking.do("claim", assigned, user="ann")

    message = booking.refused(booking.act("claim", assigned, user="bob"), 409, "TASK_ALREADY_CLAIMED")

    assert message == f"task {assigned} is already claimed by another user"


@pytest.mark.parametrize("users", [[], ["ann", "bob"], ["", " "]])
@pytest.mark.parametrize("verb", ["claim", "unclaim", "complete"])
def test_exactly_one_user_acts(verb, users, booking, assigned):
    booking.refused(booking.act(verb, assigned, user=users), 400, "BAD_REQUEST")


def test_one_user_may_be_named_twice(booking, assigned):
    booking.do("claim", assigned, user=["ann", "", "ann"])


@pytest.mark.parametrize("is_open", [False, True])
def test_task_without_candidates_is_claimed_only_where_that_is_allowed(is_open):
    runtime = Runtime(Api(Settings(store="memory", api_key=KEY, compat_open_claim=is_open)))
    runtime.deploy(one_task(), "one")
    task = runtime.task(runtime.start("one"))

    answer = runtime.act("claim", task["id"], user="ann")

    assert answer.status == (200 if is_open else 403)


def test_unclaim_gives_it_back_as_it_was(booking, assigned):
    booking.refused(booking.act("unclaim", assigned, user="ann"), 409, "TASK_NOT_CLAIMED")
    booking.do("claim", assigned, user="ann")
    key = add(booking.api, Role.WORKER)
    other = {"Authorization": key}
    booking.refused(booking.act("unclaim", assigned, None, other, user="bob"), 403, "FORBIDDEN")

    booking.do("unclaim", assigned, user="ann")

    assert booking.listed(user="ann") == booking.listed(user="bob") == [assigned]


def test_single_candidate_has_it_again_after_unclaim(booking):
    task = booking.task(booking.start())
    booking.do("assign", task["id"], user="ann")
    assert booking.task(task["instanceId"])["assignee"] == "ann"
    booking.do("claim", task["id"], user="ann")

    booking.do("unclaim", task["id"], user="ann")

    assert booking.task(task["instanceId"])["assignee"] == "ann"


def test_admin_gives_back_what_another_holds(booking, assigned):
    booking.do("claim", assigned, user="ann")

    booking.do("unclaim", assigned, user="key")

    assert booking.listed(user="bob") == [assigned]


# Complete


def test_complete_merges_what_is_sent(booking):
    instance = booking.start(RoomObject={"roomNo": "101", "status": "open"}, CustomerInfo=CUSTOMER)
    task = booking.task(instance)
    booking.do("assign", task["id"], user="ann")
    sent = {"RoomObject": {"nights": "3", "status": None, "tags": ["a"]}, "Note": {"text": "ok"}}

    booking.do("complete", task["id"], sent, user="ann")

    assert booking.do("variables", booking.task(instance)["id"]) == {
        "RoomObject": {"roomNo": "101", "status": None, "nights": 3, "tags": ["a"]},
        "CustomerInfo": CUSTOMER,
        "Note": {"text": "ok"},
    }


def test_complete_unwraps_a_sole_object(booking):
    instance = booking.start(RoomObject=ROOM)
    task = booking.task(instance)
    booking.do("assign", task["id"], user="ann")

    booking.do("complete", task["id"], {"object": {"RoomObject": {"status": "free"}}}, user="ann")

    assert booking.do("variables", booking.task(instance)["id"]) == {
        "RoomObject": {"roomNo": "101", "status": "free"}
    }


def test_object_of_a_sub_process_stays_there(runtime):
    mapping = '<zeebe:ioMapping><zeebe:input target="Room" source="={no: 1}"/></zeebe:ioMapping>'
    inner = (
        f'<subProcess id="inner">{extended(mapping)}<startEvent id="s"/><endEvent id="e"/>'
        '<userTask id="ask"/><userTask id="again"/><sequenceFlow id="a" sourceRef="s" targetRef="ask"/>'
        '<sequenceFlow id="b" sourceRef="ask" targetRef="again"/>'
        '<sequenceFlow id="c" sourceRef="again" targetRef="e"/></subProcess>'
    )
    runtime.deploy(drawn("one", inner, "start -> inner", "inner -> end"), "one")
    instance = runtime.start("one", Room={"no": 7}, Other=1)
    task = runtime.task(instance)
    runtime.do("assign", task["id"], user="ann")

    runtime.do("complete", task["id"], {"Room": {"beds": 2}, "Other": 2, "New": 3}, user="ann")

    seen = runtime.do("variables", runtime.task(instance)["id"])
    assert seen == {"Room": {"no": 1, "beds": 2}, "Other": 2, "New": 3}
    values = runtime.api.expect(200, "getProcessVariables")["variables"]
    assert {v["name"]: v["data"]["value"] for v in values} == {"Room": '{"no":7}', "Other": "2", "New": "3"}


def test_encrypted_object_is_merged_and_stays_encrypted():
    runtime = Runtime(Api(Settings(store="memory", api_key=KEY, encryption_keys=(bytes(range(32)),))))
    content = '<userTask id="ask"/><userTask id="next"/>'
    runtime.deploy(drawn("one", content, "start -> ask", "ask -> next", "next -> end"), "one")
    secret = {"name": "Card", "data": {"encoding": "json", "value": '{"nr": 1}', "encrypted": True}}
    runtime.api.start("one", variables=[secret])
    (native,) = runtime.api.expect(200, "queryUserTasks")["results"]
    named = {"revision": 1, "workerId": "boss", "assignee": "ann"}
    runtime.api.expect(200, "updateUserTask", named, id=native["id"])
    (id,) = runtime.listed(user="ann")
    assert runtime.do("variables", id) == {"Card": {"nr": 1}}

    runtime.do("complete", id, {"Card": {"pin": 2}}, user="ann")

    (stored,) = runtime.api.expect(200, "getProcessVariables")["variables"]
    assert stored["data"] == {"encoding": "json", "value": '{"nr":1,"pin":2}', "encrypted": True}


def test_outputs_of_the_task_say_what_remains(runtime):
    mapping = (
        '<zeebe:ioMapping><zeebe:input target="Room" source="=Hotel.room"/>'
        '<zeebe:output target="Hotel.room" source="=Room"/></zeebe:ioMapping>'
    )
    content = f'<userTask id="ask">{extended(mapping)}</userTask><userTask id="next"/>'
    runtime.deploy(drawn("one", content, "start -> ask", "ask -> next", "next -> end"), "one")
    instance = runtime.start("one", Hotel={"room": {"no": 1, "beds": 2}, "name": "Sea"})
    task = runtime.task(instance)
    assert runtime.do("variables", task["id"]) == {"Room": {"no": 1, "beds": 2}}
    runtime.do("assign", task["id"], user="ann")

    runtime.do("complete", task["id"], {"Room": {"beds": 3}}, user="ann")

    assert runtime.do("variables", runtime.task(instance)["id"]) == {
        "Hotel": {"room": {"no": 1, "beds": 3}, "name": "Sea"}
    }


def two_tasks(mapping: str = "") -> str:
    """A process with the user tasks `ask`, with inputs and outputs, and `next`."""
    content = f'<userTask id="ask">{extended(mapping)}</userTask><userTask id="next"/>'
    return drawn("one", content, "start -> ask", "ask -> next", "next -> end")


@pytest.mark.parametrize("source", ["in Room.no = =Room.no", "in Room = ={no: Room.no}", "in Room = =Room"])
def test_object_with_an_input_of_the_same_name_loses_nothing(source, runtime):
    runtime.deploy(two_tasks(mapped(source)), "one")
    instance = runtime.start("one", Room={"no": 1, "price": 100, "guest": {"name": "Ann", "tel": "1"}})
    task = runtime.task(instance)
    runtime.do("assign", task["id"], user="ann")

    runtime.do("complete", task["id"], {"Room": {"no": 2, "guest": {"tel": "2"}}}, user="ann")

    assert runtime.do("variables", runtime.task(instance)["id"]) == {
        "Room": {"no": 2, "price": 100, "guest": {"name": "Ann", "tel": "2"}}
    }


def test_object_that_only_the_task_has_begins_with_what_it_sees(runtime):
    runtime.deploy(two_tasks(mapped("in Room = =Hotel.room")), "one")
    instance = runtime.start("one", Hotel={"room": {"no": 1, "beds": 2}})
    task = runtime.task(instance)
    runtime.do("assign", task["id"], user="ann")

    runtime.do("complete", task["id"], {"Room": {"beds": 3}}, user="ann")

    assert runtime.do("variables", runtime.task(instance)["id"]) == {
        "Hotel": {"room": {"no": 1, "beds": 2}},
        "Room": {"no": 1, "beds": 3},
    }


@pytest.mark.parametrize(
    ("source", "sent", "name", "stored"),
    [
        ("in Card = ={holder: 1}", {"holder": 2}, "Card", '{"nr":1,"holder":2}'),
        ("in Copy = =Card", {"pin": 2}, "Copy", '{"nr":1,"pin":2}'),
    ],
    ids=["plain input over a secret", "input made of a secret"],
)
def test_what_was_encrypted_stays_so_when_a_task_is_completed(source, sent, name, stored):
    runtime = Runtime(Api(Settings(store="memory", api_key=KEY, encryption_keys=(bytes(range(32)),))))
    runtime.deploy(two_tasks(mapped(source)), "one")
    secret = {"name": "Card", "data": {"encoding": "json", "value": '{"nr": 1}', "encrypted": True}}
    runtime.api.start("one", variables=[secret])
    named = {"revision": 1, "workerId": "boss", "assignee": "ann"}
    (native,) = runtime.api.expect(200, "queryUserTasks")["results"]
    runtime.api.expect(200, "updateUserTask", named, id=native["id"])
    (id,) = runtime.listed(user="ann")

    runtime.do("complete", id, {name: sent}, user="ann")

    found = runtime.api.expect(200, "getProcessVariables")["variables"]
    data = {variable["name"]: variable["data"] for variable in found}
    assert data[name] == {"encoding": "json", "value": stored, "encrypted": True}


DEEP = '{"a":' * 400 + "1" + "}" * 400


@pytest.mark.parametrize(
    "value",
    [
        '{"big":12345678901234567890123}',
        '{"far":1e400,"fine":0.1000000000000000055511151231257827}',
        '{"half":"\\ud800","\\udc00":"ไทย"}',
        DEEP,
    ],
    ids=["whole number", "numbers", "half a pair", "deep"],
)
def test_any_json_is_answered_and_stays_as_it_is(value, runtime):
    runtime.deploy(two_tasks(), "one")
    runtime.api.start("one", variables=[{"name": "Any", "data": {"encoding": "json", "value": value}}])
    named = {"revision": 1, "workerId": "boss", "assignee": "ann"}
    (native,) = runtime.api.expect(200, "queryUserTasks")["results"]
    runtime.api.expect(200, "updateUserTask", named, id=native["id"])
    (id,) = runtime.listed(user="ann")

    seen = runtime.act("variables", id)
    assert (seen.status, seen.json["code"]) == (200, 0)
    assert f'"Any":{value}'.encode() in seen.body
    runtime.do("complete", id, {"Any": {"new": 1}}, user="ann")

    (stored,) = runtime.api.expect(200, "getProcessVariables")["variables"]
    assert stored["data"]["value"] == f'{value[:-1]},"new":1}}'


def test_variable_that_is_too_deep_to_merge_is_replaced_or_left(runtime):
    runtime.deploy(two_tasks(), "one")
    deep = {"name": "Deep", "data": {"encoding": "json", "value": "[" * 5000 + "]" * 5000}}
    runtime.api.start("one", variables=[deep])
    named = {"revision": 1, "workerId": "boss", "assignee": "ann"}
    (native,) = runtime.api.expect(200, "queryUserTasks")["results"]
    runtime.api.expect(200, "updateUserTask", named, id=native["id"])
    (id,) = runtime.listed(user="ann")

    refused = runtime.act("complete", id, {"Deep": {"a": 1}}, user="ann")
    assert runtime.refused(refused, 400, "BAD_REQUEST") == "variable Deep is too deep to change a part of it"
    runtime.do("complete", id, {"Deep": None}, user="ann")

    (stored,) = runtime.api.expect(200, "getProcessVariables")["variables"]
    assert stored["data"]["value"] == "null"


def test_object_that_is_too_deep_is_refused_with_its_field(booking, assigned):
    deep: Any = "x"
    for _ in range(150):
        deep = [deep]

    for answer in (
        booking.send(
            "POST", "/process/start", {"processName": "Booking Room", "object": {"Deep": {"tags": deep}}}
        ),
        booking.act("complete", assigned, {"Deep": {"tags": deep}}, user="ann"),
    ):
        said = booking.refused(answer, 400, "BAD_REQUEST")
        assert said == "Deep.tags is nested deeper than 100 levels"


def test_secret_without_its_key_is_refused_and_the_task_stays():
    runtime = Runtime(Api(Settings(store="memory", api_key=KEY, encryption_keys=(bytes(range(32)),))))
    runtime.deploy(two_tasks(), "one")
    secret = {"name": "Card", "data": {"encoding": "json", "value": '{"nr": 1}', "encrypted": True}}
    runtime.api.start("one", variables=[secret])
    named = {"revision": 1, "workerId": "boss", "assignee": "ann"}
    (native,) = runtime.api.expect(200, "queryUserTasks")["results"]
    runtime.api.expect(200, "updateUserTask", named, id=native["id"])
    (id,) = runtime.listed(user="ann")
    runtime.api.serve(cipher=None)

    said = runtime.refused(runtime.act("complete", id, {"Card": {"pin": 2}}, user="ann"), 400, "BAD_REQUEST")

    assert "variable Card is encrypted" in said
    assert runtime.listed(user="ann") == [id]


def test_complete_is_refused(booking, assigned):
    booking.refused(booking.act("complete", assigned, user="eve"), 403, "FORBIDDEN")
    wrong = {"RoomObject": {"nights": "x"}}
    booking.refused(booking.act("complete", assigned, wrong, user="ann"), 400, "BAD_REQUEST")
    booking.do("claim", assigned, user="bob")
    booking.refused(booking.act("complete", assigned, user="ann"), 409, "TASK_ALREADY_CLAIMED")

    booking.do("complete", assigned, user="bob")

    for verb in ("complete", "claim", "unclaim", "assign", "variables"):
        booking.refused(booking.act(verb, assigned, user="bob"), 409, "TASK_NOT_ACTIVE")


def test_candidate_has_to_claim_first_where_that_is_asked_for():
    runtime = Runtime(Api(Settings(store="memory", api_key=KEY, compat_implicit_claim=False)))
    runtime.deploy()
    task = runtime.task(runtime.start())
    runtime.do("assign", task["id"], user="ann")

    runtime.refused(runtime.act("complete", task["id"], user="ann"), 409, "TASK_NOT_CLAIMED")

    runtime.do("claim", task["id"], user="ann")
    runtime.do("complete", task["id"], user="ann")


def test_node_that_fails_behind_the_task_leaves_it_open(runtime):
    content = '<userTask id="ask"/><exclusiveGateway id="which"/>'
    runtime.deploy(drawn("one", content, "start -> ask", "ask -> which", "which -> end: =ok"), "one")
    task = runtime.task(runtime.start("one"))
    runtime.do("assign", task["id"], user="ann")

    runtime.refused(
        runtime.act("complete", task["id"], {"ok": False}, user="ann"), 500, "PROCESS_EXECUTION_FAILED"
    )

    assert runtime.listed(user="ann") == [task["id"]]
    runtime.do("complete", task["id"], {"ok": True}, user="ann")
    assert runtime.listed(user="ann") == []


# Assign


def test_assign_replaces_and_drops_the_claim(booking, assigned):
    booking.do("claim", assigned, user="ann")

    booking.do("assign", assigned, user="eve")

    assert booking.listed(user="ann") == booking.listed(user="bob") == []
    (task,) = booking.data(booking.send("GET", "/tasks", user="eve"))
    assert (task["assignee"], task["owner"]) == ("eve", "ann")


def test_assign_to_roles_and_groups(booking, assigned):
    booking.do("assign", assigned, role="R0003", group="Front desk")

    assert booking.listed(role="R0003") == booking.listed(group="Front desk") == [assigned]
    assert booking.listed(group="R0003") == [assigned], "a group that is no work party is a role"
    assert booking.listed(user="ann") == []


def test_assign_needs_somebody(booking, assigned):
    booking.refused(booking.act("assign", assigned), 400, "BAD_REQUEST")


def test_at_most_a_thousand_are_named_at_once(booking, assigned):
    names = [f"u{number}" for number in range(1001)]
    booking.do("assign", assigned, user=names[1:])
    said = booking.refused(booking.act("assign", assigned, user=names), 400, "BAD_REQUEST")
    assert said == "#/user exceeds a maximum of 1000"
    assert booking.listed(user="u0") == []


def test_instance_assign_takes_all_or_none(runtime):
    deploy_outer(runtime)
    instance = runtime.start("outer")
    path = f"/instance/{instance}/tasks/assign"
    runtime.refused(runtime.send("POST", path), 400, "BAD_REQUEST")

    answer = runtime.send("POST", path, user=["ann", "bob"])

    assert answer.json["totalRecordCount"] == 1
    assert len(runtime.listed(user="ann")) == len(runtime.listed(user="bob")) == 2
    for task in runtime.tasks(instance):
        runtime.do("complete", task["id"], user="ann")
    assert runtime.send("POST", path, user="ann").json["totalRecordCount"] == 0
    runtime.refused(
        runtime.send("POST", f"/instance/{FORGED}/tasks/assign", user="a"), 404, "INSTANCE_NOT_FOUND"
    )


# Lists


@pytest.mark.parametrize("query", [{}, {"user": "a", "role": "b"}, {"role": "a", "group": "b"}, {"user": ""}])
def test_list_is_for_one_kind(query, booking):
    booking.refused(booking.send("GET", "/tasks", **query), 400, "BAD_REQUEST")


def test_list_of_nobody_is_empty(booking):
    answer = booking.send("GET", "/tasks", user="nobody")

    assert (answer.json["data"], answer.json["totalRecordCount"]) == ([], 0)


def test_list_comes_oldest_first_and_in_pages(booking):
    ids = []
    for _ in range(5):
        task = booking.task(booking.start())
        booking.do("assign", task["id"], user=["ann", "bob"])
        ids.append(task["id"])
        booking.api.clock.advance("PT1S")

    assert booking.listed(user=["ann", "bob"]) == ids
    answer = booking.send("GET", "/tasks", user="ann", offset=1, limit=2)
    assert ([t["id"] for t in answer.json["data"]], answer.json["totalRecordCount"]) == (ids[1:3], 5)
    booking.refused(booking.send("GET", "/tasks", user="ann", offset="x"), 400, "BAD_REQUEST")


def test_lane_is_the_group_that_a_task_waits_for(booking):
    task = booking.task(booking.start())

    assert booking.listed(group="Reservations") == [task["id"]]
    booking.do("assign", task["id"], user="ann")
    assert booking.listed(group="Reservations") == []


# Who may


def test_user_acts_for_themselves_and_nobody_else(booking, assigned):
    api = booking.api
    from chalicelib.service import api_keys

    api_keys.keep(
        api.env, api_keys.describe("anns-key", api.machine_clock(), roles=frozenset({Role.USER}), name="ann")
    )
    api.seconds.now += 5
    ann = {"Authorization": "anns-key"}

    assert "may not act for bob" in booking.refused(
        booking.act("claim", assigned, None, ann, user="bob"), 403, "FORBIDDEN"
    )
    booking.refused(booking.send("GET", "/tasks", None, ann, user="bob"), 403, "FORBIDDEN")
    booking.refused(booking.act("assign", assigned, None, ann, user="ann"), 403, "FORBIDDEN")
    assert booking.act("claim", assigned, None, ann, user="ann").status == 200
    assert booking.send("GET", "/tasks", None, ann, user="ann").json["totalRecordCount"] == 1
    assert booking.act("complete", assigned, None, ann, user="ann").status == 200


def test_subject_of_a_token_is_the_user():
    issuer = Issuer()
    api = Api(tokens=issuer.tokens(Seconds()))
    api.machine_clock.now = wiring.utc_now()
    runtime = Runtime(api)
    runtime.deploy()
    ada = {"Authorization": token(sub="ada", roles=["user"])}
    task = runtime.task(runtime.start(headers=ada))
    assert task["createBy"] == "ada"
    runtime.do("assign", task["id"], user="ada")

    assert runtime.act("claim", task["id"], None, ada, user="ada").status == 200
    runtime.refused(runtime.act("unclaim", task["id"], None, ada, user="bob"), 403, "FORBIDDEN")


def test_worker_acts_for_others_as_a_system_does(booking, assigned):
    key = {"Authorization": add(booking.api, Role.WORKER)}

    assert booking.act("claim", assigned, None, key, user="ann").status == 200
    assert booking.act("complete", assigned, None, key, user="ann").status == 200


def test_who_only_reads_sees_the_lists_of_others(booking, assigned):
    key = {"Authorization": add(booking.api, Role.READ_ONLY)}

    assert booking.send("GET", "/tasks", None, key, user="ann").json["totalRecordCount"] == 1
    assert booking.act("claim", assigned, None, key, user="ann").status == 403


# Surfaces mixed on one instance


def test_engine_api_and_process_runtime_work_on_one_instance(booking):
    api = booking.api
    api.start("bookingRoom")
    (native,) = api.expect(200, "queryUserTasks")["results"]
    assert native["candidateGroups"] == ["Reservations"]
    (task,) = booking.data(booking.send("GET", "/tasks", group="Reservations"))
    booking.do("assign", task["id"], user=["ann", "bob"])
    booking.do("claim", task["id"], user="ann")

    (native,) = api.expect(200, "queryUserTasks")["results"]
    assert (native["claimedBy"], native["candidateUsers"]) == ("ann", ["ann", "bob"])
    changed = {"revision": native["revision"], "workerId": "boss", "assignee": "eve"}
    api.expect(200, "updateUserTask", changed, id=native["id"])
    assert booking.listed(user="eve") == [task["id"]]
    assert booking.listed(user="ann") == [task["id"]], "she is a candidate still"
    done = {"revision": native["revision"] + 1, "workerId": "eve", "completed": True}
    api.expect(200, "updateUserTask", done, id=native["id"])

    assert booking.listed(user=["ann", "bob", "eve"]) == []
    booking.refused(booking.act("claim", task["id"], user="ann"), 409, "TASK_NOT_ACTIVE")
    assert booking.task(task["instanceId"])["createBy"] == "eve"


# Class action


@pytest.mark.parametrize(
    ("names", "event", "found", "files", "exception"),
    [
        (["P0001.HotelApp.Booking Room.v.0.2.0.jar"], "file", 1, 1, ""),
        (["bookingRoom..Booking Room.jar"], "generate", 1, 0, ""),
        (["P0001.HotelApp.bookingRoom.jar"], "refresh", 1, 0, ""),
        (["P0001.HotelApp.Booking Room.v.9.jar"], "file", 0, 0, "v.9.jar: process Booking Room"),
        (["x", "P0001.HotelApp.Booking Room.v.0.2.0.jar"], "file", 1, 1, "x: process"),
    ],
)
def test_class_action(names, event, found, files, exception, booking):
    answer = booking.send("POST", "/classAction", {"fileNames": names, "event": event})

    assert (answer.status, len(answer.json["process"]), len(answer.json["files"])) == (200, found, files)
    assert exception in answer.json["exception"] and bool(exception) == bool(answer.json["exception"])
    assert answer.json["responseStatus"] == ("SUCCESS" if found else "ERROR")
    assert answer.json["definitionSize"] == found


@pytest.mark.parametrize("body", [{}, {"fileNames": [], "event": "file"}, {"fileNames": ["x"], "event": "y"}])
def test_class_action_without_event_or_names_is_refused_in_its_own_shape(body, booking):
    answer = booking.send("POST", "/classAction", body)

    assert (answer.status, answer.json["responseStatus"], len(answer.json)) == (400, "ERROR", 10)


# Caches


def test_other_processes_notice_a_deployment_within_five_seconds(booking):
    booking.start()
    here, there = booking, Runtime(Api(items=booking.api.items))
    there.deploy(version="2", tags=[{"name": "snapVersion", "value": "v.0.3.0"}])

    assert here.task(here.start())["definitionId"] == "bookingRoom:1:1"
    here.api.seconds.now += 5
    assert here.task(here.start())["definitionId"] == "bookingRoom:2:2"


def test_other_processes_notice_a_directory_within_five_seconds(booking, assigned):
    there = Runtime(Api(items=booking.api.items))
    there.act("claim", assigned, user="nobody")
    booking.api.expect(204, "putDirectory", {"users": [{"id": "ann"}]})

    assert there.act("assign", assigned, user="eve").status == 200
    there.api.seconds.now += 5
    assert there.act("assign", assigned, user="eve").status == 400


def test_refreshed_cache_notices_at_once(booking):
    booking.start()
    there = Runtime(Api(items=booking.api.items))
    there.deploy(version="2")

    booking.data(booking.send("POST", "/refreshCache"))

    assert booking.task(booking.start())["definitionId"] == "bookingRoom:2:2"


# We are wrong, or busy


def test_store_that_is_busy_is_said_so(booking, assigned):
    busy = Runtime(Api(items=Busy(booking.api.items)).serve(pauses=no_pauses))

    answer = busy.act("claim", assigned, user="ann")

    assert busy.refused(answer, 503, "UNAVAILABLE") == "the store is busy, try again"
    assert answer.headers["retry-after"] == "1"


def test_write_without_an_answer_is_not_said_to_be_worth_repeating(booking, assigned):
    silent = Runtime(Api(items=Silent(booking.api.items)).serve(pauses=no_pauses))

    answer = silent.act("claim", assigned, user="ann")

    assert "it may have been done" in silent.refused(answer, 503, "UNAVAILABLE")
    assert "retry-after" not in answer.headers


def test_refusals_of_the_engine_may_have_status_200_too():
    runtime = Runtime(Api(Settings(store="memory", api_key=KEY, compat_http_status="always-200")))

    answer = runtime.send("POST", "/process/start", {"processName": "Spa"})

    assert (answer.status, answer.json["code"], answer.json["errorType"]) == (200, 404, "PROCESS_NOT_FOUND")


def test_trusted_network_acts_for_everybody():
    runtime = Runtime(Api(Settings(store="memory", surfaces_auth="none", api_key=KEY)))
    runtime.deploy()
    nobody: dict[str, Any] = {"Authorization": None}
    task = runtime.task(runtime.start(headers=nobody))

    assert task["createBy"] == "anonymous"
    assert runtime.act("assign", task["id"], None, nobody, user="ann").status == 200
    assert runtime.act("claim", task["id"], None, nobody, user="ann").status == 200


def test_variables_are_answered_to_get_as_well(booking, assigned):
    answer = booking.send("GET", f"/tasks/{assigned}/variables")

    assert booking.data(answer) == {"RoomObject": ROOM, "CustomerInfo": CUSTOMER}

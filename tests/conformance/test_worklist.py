"""Tasks of people: policies that pick them, claims that one of many gets, and lists that miss nothing."""

from collections import Counter
from collections.abc import Mapping
from threading import Barrier, Thread
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from chalicelib.contract import commands as c
from chalicelib.contract import process_runtime as p
from chalicelib.engine.errors import Conflict, Forbidden, InvalidCommand, ProcessModelError
from chalicelib.service.once import execute_once
from chalicelib.settings import Settings
from chalicelib.storage.keys import Shards
from chalicelib.storage.memory import MemoryItems
from chalicelib.storage.ports import StaleWrite
from chalicelib.storage.sqlite import SqliteItems
from tests.models import drawn, extended
from tests.play import Engine
from tests.recording import Recording

PEOPLE = {
    "users": [
        {"id": "ann", "roles": ["R1"]},
        {"id": "bob", "roles": ["R1", "R2"]},
        {"id": "cid", "roles": []},
        {"id": "dan"},
    ],
    "roles": [{"code": "R1", "name": "Clerks"}, {"code": "R2", "name": "Managers"}],
    "workParties": [
        {"name": "Desk", "members": [{"type": "USER", "id": "cid"}, {"type": "ROLE", "id": "R1"}]},
        {"name": "Empty", "lead": "dan"},
    ],
}


def properties(values: Mapping[str, str]) -> str:
    rows = "".join(f"<zeebe:property name={quoteattr(k)} value={quoteattr(v)}/>" for k, v in values.items())
    return extended(f"<zeebe:properties>{rows}</zeebe:properties>")


def model(inside: str = "", **values: str) -> str:
    """A process `one` with a user task `ask`, `rule_1` for the property `rule 1`."""
    said = properties({name.replace("_", " "): value for name, value in values.items()}) if values else ""
    return drawn("one", f'<userTask id="ask">{said}{inside}</userTask>', "start -> ask", "ask -> end")


def in_lane(xml: str, name: str, **values: str) -> str:
    said = properties(values) if values else ""
    lane = f'<laneSet id="s"><lane id="l" name="{name}">{said}<flowNodeRef>ask</flowNodeRef></lane></laneSet>'
    return xml.replace("<startEvent", lane + "<startEvent", 1)


class Office:
    """An engine, and short ways to do what people do."""

    def __init__(self, engine: Engine, xml: str, people: bool = True) -> None:
        self.engine = engine
        engine.deploy_xml(xml)
        if people:
            engine.send(c.PutDirectory.model_validate(PEOPLE))

    def start(self, **objects: Any) -> dict[str, Any]:
        """Start the process, and answer its task."""
        id = self.engine.send(p.StartProcess(processName="one", object=objects, caller="boss"))["data"]
        self.engine.let_arrive()
        (task,) = self.engine.send(p.GetInstanceTasks(instanceId=id))["data"]
        return task

    def said(self, id: int = 1) -> dict[str, Any]:
        """What the engine API says of a user task."""
        found = self.engine.send(c.QueryUserTasks())["results"]
        return [task for task in found][id - 1]

    def names(self) -> tuple[Any, Any, Any]:
        """Assignee, candidate users and groups of the first task."""
        said = self.said()
        return said.get("assignee"), said.get("candidateUsers"), said.get("candidateGroups")

    def listed(self, **wanted: str) -> list[str]:
        """Ids of a list, by an environment that has cached nothing."""
        self.engine.env = self.engine.environment()
        given = {name: (value,) for name, value in wanted.items()}
        return [task["id"] for task in self.engine.send(p.ListTasks(**given))["data"]]

    def claim(self, task: Mapping[str, Any], user: str) -> None:
        self.engine.send(p.ClaimTask(taskId=task["id"], user=(user,)))

    def complete(self, task: Mapping[str, Any], user: str, **objects: Any) -> None:
        self.engine.send(p.CompleteTask(taskId=task["id"], user=(user,), objects=objects))

    def assign(self, task: Mapping[str, Any], *users: str, role: tuple[str, ...] = ()) -> None:
        self.engine.send(p.AssignTask(taskId=task["id"], user=users, role=role))


# Policies


@pytest.mark.every_store
def test_task_in_a_lane_waits_for_the_work_party_of_that_name(engine):
    office = Office(engine, in_lane(model(), "Desk"))

    task = office.start()

    assert office.names() == (None, None, ["Desk"])
    for wanted in ({"user": "ann"}, {"user": "cid"}, {"group": "Desk"}, {"role": "R1"}, {"role": "Clerks"}):
        assert office.listed(**wanted) == [task["id"]], wanted
    for wanted in ({"user": "dan"}, {"role": "R2"}, {"group": "Empty"}, {"group": "R2"}):
        assert office.listed(**wanted) == [], wanted
    with pytest.raises(Forbidden):
        office.claim(task, "dan")
    office.claim(task, "ann")
    assert office.listed(group="Desk") == []
    office.complete(task, "ann")
    assert office.listed(user="ann") == []


def test_pull_names_another_work_party(engine):
    office = Office(engine, in_lane(model(assignment="pull", workParty="Empty"), "Desk"))

    office.start()

    assert office.names() == (None, None, ["Empty"])


def test_work_party_may_be_an_expression(engine):
    office = Office(engine, model(assignment="pull", workParty='=Order.party + ""'))

    office.start(Order={"party": "Desk"})

    assert office.names() == (None, None, ["Desk"])


def test_own_assignee_counts_where_no_policy_is_named(engine):
    inside = extended('<zeebe:assignmentDefinition assignee="eve"/>')
    office = Office(engine, in_lane(model(inside), "Desk"), people=False)

    task = office.start()

    assert office.names() == ("eve", None, None)
    assert office.listed(user="eve") == [task["id"]]


def test_policy_counts_more_than_assignee_and_candidates(engine):
    added = (
        '<zeebe:assignmentDefinition assignee="=who" candidateUsers="bob"/>'
        '<zeebe:properties><zeebe:property name="assignment" value="pull"/>'
        '<zeebe:property name="workParty" value="Desk"/></zeebe:properties>'
    )
    office = Office(engine, drawn("one", f'<userTask id="ask">{extended(added)}</userTask>', *FLOWS))

    office.start(who="eve")

    assert office.names() == (None, None, ["Desk"])


FLOWS = ("start -> ask", "ask -> end")


@pytest.mark.every_store
def test_round_robin_gives_to_each_in_turn_and_goes_on_after_a_restart(engine):
    office = Office(engine, model(assignment="roundRobin", workParty="Desk"))

    given = []
    for _ in range(5):
        given.append(office.start()["assignee"])
        engine.env = engine.environment()

    assert given == ["ann", "bob", "cid", "ann", "bob"]
    assert len(office.listed(user="ann")) == 2


class Overtaking(Recording):
    """A store in which somebody else is faster once."""

    is_overtaken = False

    def commit(self, writes):
        if self.is_overtaken and any(write.item.key.sort == "STATE" for write in writes):
            self.is_overtaken = False
            raise StaleWrite("somebody was first")
        super().commit(writes)


def test_round_robin_takes_one_turn_although_it_is_overtaken(engine):
    office = Office(engine, in_lane(model(), "Desk", assignment="roundRobin"))
    office.start()
    items = engine.items
    engine.items = Overtaking(items)
    engine.env = engine.environment()
    engine.items.is_overtaken = True
    assert office.start()["assignee"] == "bob"
    assert not engine.items.is_overtaken
    assert office.start()["assignee"] == "cid"


def test_load_balance_gives_to_who_has_least(engine):
    office = Office(engine, model(assignment="loadBalance", workParty="Desk"))

    tasks = [office.start() for _ in range(4)]
    assert [task["assignee"] for task in tasks] == ["ann", "bob", "cid", "ann"]
    office.complete(tasks[1], "bob")

    assert office.start()["assignee"] == "bob", "nobody else has nothing"
    assert office.start()["assignee"] == "cid", "as few as bob, and longer ago"


def test_load_balance_leaves_out_the_task_that_is_being_completed(engine):
    said = properties({"assignment": "loadBalance", "workParty": "Desk"})
    content = f'<userTask id="ask">{said}</userTask><userTask id="next">{said}</userTask>'
    office = Office(engine, drawn("one", content, "start -> ask", "ask -> next", "next -> end"))
    tasks = [office.start() for _ in range(3)]
    assert [task["assignee"] for task in tasks] == ["ann", "bob", "cid"]

    office.complete(tasks[1], "bob")
    engine.let_arrive()

    assert len(office.listed(user="bob")) == 1, "bob had nothing left"
    assert len(office.listed(user="ann")) == 1


def test_nobody_found_waits(engine):
    office = Office(engine, model(assignment="roundRobin", workParty="Empty"))

    task = office.start()

    assert office.names() == (None, None, None)
    assert office.listed(user="ann") == []
    with pytest.raises(Forbidden):
        office.claim(task, "ann")
    office.assign(task, "ann")
    assert office.listed(user="ann") == [task["id"]]


ROUTING = {
    "assignment": "routing",
    "rule_2": "=Order.total > 10 -> party Desk",
    "rule_1": "Order.total > 100 -> user dan",
    "rule_3": '=Order.urgent -> =["ann", "party Empty"]',
}


@pytest.mark.parametrize(
    ("match", "order", "named"),
    [
        ("any", {"total": 200, "urgent": True}, ("dan", None, None)),
        ("any", {"total": 20, "urgent": True}, (None, None, ["Desk"])),
        ("any", {"total": 1, "urgent": True}, (None, ["ann"], ["Empty"])),
        ("all", {"total": 200, "urgent": True}, (None, ["dan", "ann"], ["Desk", "Empty"])),
        ("all", {"total": 1}, (None, None, None)),
        ("any", None, (None, None, None)),
    ],
)
def test_routing_follows_the_rules_that_are_true(match, order, named, engine):
    office = Office(engine, model(**ROUTING, match=match))

    office.start(Order=order)

    assert office.names() == named


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("=who", ("ann", None, None)),
        ('=["Desk", who]', (None, ["ann"], ["Desk"])),
        ('={users: [who, "Desk"], parties: ["Desk", who]}', (None, ["ann"], ["Desk"])),
        ("=nothing", (None, None, None)),
        ("=who + 1 / 0", (None, None, None)),
    ],
)
def test_custom_asks_an_expression(rule, named, engine):
    office = Office(engine, model(assignment="custom", rule_1=rule))

    office.start(who="ann")

    assert office.names() == named


def test_names_are_not_looked_up_where_there_is_no_directory(engine):
    rule = '={users: ["Desk"], parties: [who]}'
    office = Office(engine, model(assignment="custom", rule_1=rule), people=False)

    office.start(who="ann")

    assert office.names() == (None, ["Desk"], ["ann"])


@pytest.mark.parametrize(
    "values",
    [
        {"assignment": "routing", "rule_1": "true -> user ghost"},
        {"assignment": "routing", "rule_1": "true -> party Ghosts"},
        {"assignment": "custom", "rule_1": '=["ghost", "Ghosts"]'},
        {"assignment": "pull", "workParty": '="Ghosts"'},
    ],
)
def test_whom_the_directory_does_not_have_is_nobody(values, engine):
    office = Office(engine, model(**values))

    task = office.start()

    assert office.names() == (None, None, None)
    office.assign(task, "ann")
    assert office.listed(user="ann") == [task["id"]], "somebody assigns it"


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ('Order.note = "a -> b" -> user dan', ("dan", None, None)),
        (r'Order.note = "a -> b" and Order.quote != "\" -> " -> =["ann", "Desk"]', (None, ["ann"], ["Desk"])),
        ('true -> =if Order.note = "a -> b" then "bob" else "dan"', ("bob", None, None)),
    ],
)
def test_arrow_inside_of_a_text_is_none(rule, target, engine):
    office = Office(engine, model(assignment="routing", rule_1=rule))

    office.start(Order={"note": "a -> b", "quote": "x"})

    assert office.names() == target


@pytest.mark.parametrize(
    ("values", "fact"),
    [
        ({"assignment": "lottery"}, "assignment of ask: lottery is none of lane, pull, roundRobin"),
        ({"assignment": "pull"}, "assignment of ask: pull needs a workParty"),
        ({"assignment": "routing"}, "assignment of ask: routing needs a rule 1"),
        ({"assignment": "routing", "rule_1": "x"}, "assignment of ask: rule 1 is no condition -> target: x"),
        ({"assignment": "routing", "rule_1": "=( -> user ann"}, "assignment of ask: "),
        ({"assignment": "custom", "rule_1": "=("}, "assignment of ask: "),
        ({"match": "some"}, "assignment of ask: match some is none of any, all"),
        ({"loadEntityKey_nr": "=("}, "assignment of ask: "),
    ],
)
def test_policy_that_makes_no_sense_is_refused(values, fact, engine):
    with pytest.raises(ProcessModelError) as refusal:
        engine.deploy_xml(model(**values))

    (cause,) = refusal.value.causes
    assert cause.pointer == "/one/ask"
    assert cause.detail.startswith(fact)


def test_lane_names_a_policy_that_it_may(engine):
    with pytest.raises(ProcessModelError) as refusal:
        engine.deploy_xml(in_lane(model(), "Desk", assignment="custom"))

    assert refusal.value.causes[0].detail.startswith("assignment of lane Desk: custom is none of lane, pull")


# Directory


def test_unknown_people_are_refused_where_anybody_is_known(engine):
    office = Office(engine, model())
    task = office.start()

    with pytest.raises(InvalidCommand, match="unknown in the directory: eve, Nobody"):
        office.assign(task, "eve", "ann", role=("Nobody", "R1"))


def test_everybody_is_accepted_without_a_directory(engine):
    office = Office(engine, model(), people=False)
    task = office.start()

    office.assign(task, "ใครก็ได้")

    assert office.listed(user="ใครก็ได้") == [task["id"]]
    assert engine.send(c.GetDirectory()) == {"users": [], "roles": [], "workParties": []}


@pytest.mark.every_store
def test_directory_is_kept_and_noticed(engine):
    engine.send(c.PutDirectory.model_validate(PEOPLE))
    engine.send(c.PutDirectory.model_validate({"users": [{"id": "zoe", "name": "Zoë"}]}))

    engine.env = engine.environment()
    assert engine.send(c.GetDirectory())["users"] == [{"id": "zoe", "name": "Zoë"}]


@pytest.mark.parametrize(
    ("document", "pointer", "fact"),
    [
        ({"users": [{"id": "a"}, {"id": "a"}]}, "#/users/1", "a is there more than once"),
        ({"users": [{"id": "a", "roles": ["R"]}]}, "#/users/0/roles", "role R does not exist"),
        (
            {"workParties": [{"name": "P", "members": [{"type": "ROLE", "id": "R"}]}]},
            "#/workParties/0/members/0",
            "role R does not exist",
        ),
        ({"workParties": [{"name": "P", "lead": "a"}]}, "#/workParties/0/lead", "user a does not exist"),
    ],
)
def test_directory_that_does_not_fit_together_is_refused(document, pointer, fact, engine):
    with pytest.raises(InvalidCommand) as refusal:
        engine.send(c.PutDirectory.model_validate(document))

    (cause,) = refusal.value.causes
    assert (cause.pointer, cause.detail) == (pointer, fact)


# Who is behind a task


def creators(engine: Engine, id: str) -> list[str]:
    return [task["createBy"] for task in engine.send(p.GetInstanceTasks(instanceId=id))["data"]]


PAUSE = (
    '<intermediateCatchEvent id="pause"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
    "</timerEventDefinition></intermediateCatchEvent>"
)


@pytest.mark.every_store
def test_task_behind_a_worker_and_a_timer_is_of_the_person_before(engine):
    content = (
        f'<serviceTask id="work"/><userTask id="ask"/>{PAUSE}<serviceTask id="more"/><userTask id="next"/>'
    )
    flows = ["start -> work", "work -> ask", "ask -> pause", "pause -> more", "more -> next", "next -> end"]
    engine.deploy_xml(drawn("one", content, *flows))
    id = engine.send(p.StartProcess(processName="one", caller="boss"))["data"]
    (order,) = engine.instances()
    order.complete_job("work")
    assert creators(engine, id) == ["boss"], "the worker is no person"
    (task,) = order.user_tasks()
    assert task["createdBy"] != "boss", "the engine API says who did it"

    order.update_user_task(completed=True, workerId="ann")
    engine.after("PT1H")
    order.complete_job("more")

    assert creators(engine, id) == ["ann"]


@pytest.mark.every_store
def test_person_is_known_to_what_is_called_and_to_its_caller(engine):
    said = extended('<zeebe:calledElement processId="one"/>')
    content = f'<serviceTask id="work"/><callActivity id="call">{said}</callActivity><userTask id="last"/>'
    engine.deploy_xml(drawn("all", content, "start -> work", "work -> call", "call -> last", "last -> end"))
    inner = '<userTask id="ask"/><serviceTask id="more"/>'
    engine.deploy_xml(drawn("one", inner, "start -> ask", "ask -> more", "more -> end"))
    id = engine.send(p.StartProcess(processName="all", caller="boss"))["data"]
    engine.let_arrive()
    (order,) = engine.instances()
    order.complete_job("work")
    engine.let_arrive()
    assert creators(engine, id) == ["boss"]

    called = order.called("call")
    called.update_user_task(completed=True, workerId="ann")
    engine.let_arrive()
    called.complete_job("more")
    engine.let_arrive()

    assert creators(engine, id) == ["ann"]


# Commands that are sent again


@pytest.mark.every_store
def test_entries_of_groups_lie_in_shards_and_none_is_missed(engine):
    engine.shards = Shards(lists=4)
    engine.env = engine.environment()
    office = Office(engine, in_lane(model(), "Desk"))

    ids = []
    for _ in range(9):
        ids.append(office.start()["id"])
        engine.clock.advance("PT1S")

    assert office.listed(group="Desk") == ids
    assert office.listed(user="ann") == ids


def test_group_of_several_users_is_read_once(engine):
    recording = engine.record()
    office = Office(engine, in_lane(model(), "Desk"))
    task = office.start()
    other = office.start()
    office.claim(other, "ann")
    engine.env = engine.environment()
    engine.send(p.ListTasks(user=("ann",)))
    of_one = recording.calls["get"], recording.calls["collections"]
    recording.calls.clear()

    found = engine.send(p.ListTasks(user=("ann", "cid")))["data"]

    assert [one["id"] for one in found] == [task["id"], other["id"]]
    assert recording.calls["collections"] <= of_one[1] + 1, "cid alone is asked for besides"
    assert recording.calls["get"] <= of_one[0]


def test_entries_go_with_the_task(engine):
    recording = engine.record()
    office = Office(engine, in_lane(model(), "Desk"))
    task = office.start()
    office.assign(task, "ann", "bob")
    office.claim(task, "bob")

    def entries() -> int:
        return sum(key.partition.startswith("WORK#") for key in recording.keys)

    assert entries() == 3, "the lane, ann and bob: who was ever named stays until the end"
    office.complete(task, "bob")
    assert entries() == 0


def test_task_that_is_interrupted_leaves_the_lists(engine):
    timer = (
        '<boundaryEvent id="late" attachedToRef="ask"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        "</timerEventDefinition></boundaryEvent>"
    )
    content = f'<userTask id="ask"/>{timer}'
    office = Office(engine, in_lane(drawn("one", content, *FLOWS, "late -> end"), "Desk"))
    office.start()
    assert len(office.listed(group="Desk")) == 1

    engine.after("PT1H")

    assert office.listed(group="Desk") == []


class Forgetting(Recording):
    """A store that removes nothing, as after a crash."""

    def commit_each(self, groups):
        kept = [[write for write in writes if hasattr(write, "item")] for writes in groups]
        written = iter(super().commit_each([writes for writes in kept if writes]))
        return [next(written) if writes else True for writes in kept]


def test_what_is_left_over_is_on_no_list_and_goes_when_somebody_looks():
    items = MemoryItems()
    office = Office(Engine(Forgetting(items)), in_lane(model(), "Desk"))
    task = office.start()
    office.complete(task, "ann")
    assert len(left_over(items)) == 1

    engine = Engine(items)
    assert engine.send(p.ListTasks(group=("Desk",))) == {"data": [], "count": 0}

    assert left_over(items) == []


def left_over(items: MemoryItems) -> list[Any]:
    return [key for key in items._items if key.partition.startswith("WORK#") and key.sort != "GIVEN"]


def test_entry_whose_instance_is_not_there_yet_stays():
    items = MemoryItems()
    engine = Engine(items)
    office = Office(engine, in_lane(model(), "Desk"))
    office.start()
    state = next(key for key in items._items if key.sort == "STATE" and key.partition.startswith("2030"))
    stored = items._items.pop(state)

    assert office.listed(group="Desk") == []
    assert len(left_over(items)) == 1, "it is being written"

    items._items[state] = stored
    assert len(office.listed(group="Desk")) == 1
    del items._items[state]
    engine.clock.advance("P2D")
    assert office.listed(group="Desk") == []
    assert left_over(items) == []


def test_loser_of_a_race_leaves_the_entry_that_the_winner_needs(engine):
    office = Office(engine, model(), people=False)
    task, said = office.start(), office.said()
    recording = engine.record()
    recording.before_commit = lambda: Engine(recording, engine.settings, engine.clock).send(
        p.AssignTask(taskId=task["id"], user=("eve",))
    )

    with pytest.raises(Conflict):
        place = {"partition": said["partition"], "id": said["id"], "revision": said["revision"]}
        engine.send(c.UpdateUserTask(**place, workerId="boss", assignee="eve"))

    assert office.listed(user="eve") == [task["id"]]


@pytest.mark.parametrize("key", [None, "key"])
def test_family_too_large_for_one_transaction_is_refused_before_anything_is_written(key, engine):
    recording = engine.record()
    called, said = range(91), extended('<zeebe:calledElement processId="one"/>')
    content = '<parallelGateway id="fork"/>' + "".join(
        f'<callActivity id="c{number}">{said}</callActivity>' for number in called
    )
    flows = [flow for number in called for flow in (f"fork -> c{number}", f"c{number} -> end")]
    engine.deploy_xml(drawn("all", content, "start -> fork", *flows))
    office = Office(engine, model(), people=False)
    id = engine.send(p.StartProcess(processName="all", caller="boss"))["data"]
    engine.let_arrive()
    while engine.send(c.ExecuteTasks(limit=100))["completedTasks"]:
        pass
    assert engine.send(p.GetInstanceTasks(instanceId=id))["count"] == 91
    before = set(recording.keys)

    assign = p.AssignInstanceTasks(instanceId=id, user=("ann",))
    with pytest.raises(InvalidCommand, match="tasks of 91 process instances cannot be assigned at once"):
        execute_once(assign, engine.env, key) if key else engine.send(assign)

    assert office.listed(user="ann") == []
    assert set(recording.keys) == before


# Commands that are sent again


def test_claim_and_complete_under_a_key_are_done_once(engine):
    office = Office(engine, in_lane(model(), "Desk"))
    task = office.start()
    done = p.CompleteTask(taskId=task["id"], user=("ann",), objects={"a": 1})

    first = execute_once(done, engine.env, "key")

    assert execute_once(done, engine.env, "key") == first == {"data": "", "count": 1}
    with pytest.raises(Conflict):
        engine.send(done)


def test_load_balance_under_a_key(engine):
    office = Office(engine, model(assignment="loadBalance", workParty="Desk"))
    start = p.StartProcess(processName="one", caller="boss")

    first = execute_once(start, engine.env, "key")

    assert execute_once(start, engine.env, "key") == first
    assert len(office.listed(user="ann")) == 1


# Races, with threads on one file


def test_one_of_many_gets_the_task(tmp_path):
    items = SqliteItems(tmp_path / "bpmn.db")
    settings = Settings(set_time=True)
    office = Office(Engine(items, settings), model(), people=False)
    users = [f"user{number}" for number in range(12)]

    for _ in range(3):
        task = office.start()
        office.assign(task, *users)
        outcomes: Counter[str] = Counter()
        barrier = Barrier(len(users))

        def claim(user: str, task=task, outcomes=outcomes, barrier=barrier) -> None:
            engine = Engine(items, settings)
            barrier.wait()
            try:
                engine.send(p.ClaimTask(taskId=task["id"], user=(user,)))
                outcomes[f"done {user}"] += 1
            except Conflict as refusal:
                outcomes[str(refusal.reason)] += 1

        threads = [Thread(target=claim, args=(user,)) for user in users]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        winners = [outcome for outcome in outcomes if outcome.startswith("done")]
        assert len(winners) == 1
        assert outcomes["TASK_ALREADY_CLAIMED"] == len(users) - 1
        winner = winners[0].removeprefix("done ")
        office.complete(task, winner)
    items.close()


def test_round_robin_is_fair_to_starts_at_once(tmp_path):
    items = SqliteItems(tmp_path / "bpmn.db")
    settings = Settings(set_time=True)
    Office(Engine(items, settings), model(assignment="roundRobin", workParty="Desk"))
    given: list[str] = []

    def start() -> None:
        office = Office.__new__(Office)
        office.engine = Engine(items, settings)
        for _ in range(5):
            given.append(office.start()["assignee"])

    threads = [Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(given) == {"ann": 10, "bob": 10, "cid": 10}
    items.close()

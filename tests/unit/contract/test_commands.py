"""Commands made in Python follow the rules that hold for request bodies."""

import pytest
from pydantic import ValidationError

from chalicelib.contract import commands as c


def faults(make: type[c.Input], **fields: object) -> list[str]:
    with pytest.raises(ValidationError) as refusal:
        make(**fields)
    return [error["type"] for error in refusal.value.errors()]


def test_commands_are_frozen_and_hashable():
    command = c.LockJobs(limit=1, workerId="w", processIds=[3, 4])

    with pytest.raises(ValidationError, match="frozen"):
        command.limit = 2
    assert {command} == {c.LockJobs(limit=1, workerId="w", processIds=[3, 4])}


def test_defaults_are_absent():
    command = c.CompleteJob(partition="2030-01-01", id=1, workerId="w")

    assert command.completion == c.JobCompletion()
    assert (command.error, command.retry_limit, command.retry_timer) == (None, 0, None)
    assert (command.process_variables, command.element_variables) == ((), ())


@pytest.mark.parametrize("name", ["a", "A-b_9", "-", "_", "0"])
def test_names_that_are_allowed(name):
    assert c.Tag(name=name).name == c.ProcessVariable(name=name).name == name


@pytest.mark.parametrize("name", [",", " ", "a b", "a.b", "ä", "a\n", "٣", "²", "a/b"])
def test_names_that_are_not_allowed(name):
    assert faults(c.Tag, name=name) == ["tag_name"]
    assert faults(c.ProcessVariable, name=name) == ["variable_name"]
    assert faults(c.ElementVariable, name=name) == ["variable_name"]


@pytest.mark.parametrize("duration", ["PT1S", "P1D", "P1Y2M3DT4H5M6S", "PT0.5S", "P2W", "PT0S"])
def test_durations(duration):
    assert c.Timer(timeDuration=duration).time_duration == duration


@pytest.mark.parametrize("duration", ["P", "PT", "1h", "-PT1S", "P1DT", "R/PT1H"])
def test_what_is_no_duration(duration):
    assert faults(c.Timer, timeDuration=duration) == ["iso8601_duration"]


@pytest.mark.parametrize("cycle", ["*/5 * * * *", "0 8 * * MON-FRI", "R/PT1H", "R3/PT10M"])
def test_cycles(cycle):
    assert c.Timer(timeCycle=cycle).time_cycle == cycle


@pytest.mark.parametrize("cycle", ["*", "* * * * * *", "0 0 30 2 *", "R", "R0/PT1H", "R3/PT", "PT1H"])
def test_what_is_no_cycle(cycle):
    assert faults(c.Timer, timeCycle=cycle) == ["cron"]


def test_clock_moves_by_cron_only():
    assert c.SetTime(timeCycle="* * * * *").time_cycle
    assert faults(c.SetTime, timeCycle="R3/PT1H") == ["cron"]


def test_timer_says_at_once_what_is_wrong_with_it_and_its_fields():
    assert faults(c.Timer, timeCycle="*", timeDuration="PT") == ["timer", "cron", "iso8601_duration"]
    assert faults(c.Timer, time="x") == ["type"]
    assert faults(c.Timer, time=None, timeCycle="", timeDuration=0) == ["timer"]
    assert faults(c.Timer, timeCycle="*", surprise=1) == ["cron", "extra_forbidden"]


@pytest.mark.parametrize(("command", "most"), [(c.LockJobs, 1000), (c.ExecuteTasks, 100)])
def test_limits(command, most):
    who = {"workerId": "w"} if command is c.LockJobs else {}

    assert command(limit=most, **who).limit == most
    assert faults(command, limit=most + 1, **who) == ["less_than_equal"]
    assert faults(command, **who) == ["greater_than_equal"]


def test_lists_hold_a_hundred():
    tags = [{"name": f"t{number}"} for number in range(101)]
    start = {"bpmnProcessId": "p", "version": "1", "workerId": "w"}

    assert len(c.CreateProcessInstance(**start, tags=tags[:100]).tags) == 100
    assert faults(c.CreateProcessInstance, **start, tags=tags) == ["too_long"]
    assert faults(c.LockJobs, limit=1, workerId="w", processIds=list(range(1, 102))) == ["too_long"]


@pytest.mark.parametrize("kind", ["errors", "escalations", "messages", "signals", "timers"])
def test_definitions_hold_a_hundred(kind):
    more = {
        "messages": {"messageName": "m"},
        "signals": {"signalName": "s"},
        "timers": {"timer": {"timeDuration": "PT1S"}},
    }
    definition = {"bpmnElementId": "e", **more.get(kind, {})}
    deployment = {"bpmnProcessId": "p", "bpmnXml": "<x/>", "version": "1", "workerId": "w"}

    assert len(getattr(c.CreateProcess(**deployment, **{kind: [definition] * 100}), kind)) == 100
    assert faults(c.CreateProcess, **deployment, **{kind: [definition] * 101}) == ["too_long"]
    assert faults(c.CreateProcess, **deployment, **{kind: [{**definition, "bpmnElementId": ""}]}) == [
        "missing"
    ]


def test_codes_of_definitions_may_be_left_out_and_names_may_not():
    assert c.ErrorDefinition(bpmnElementId="e", errorCode="").error_code is None
    assert c.EscalationDefinition(bpmnElementId="e").escalation_code is None
    assert faults(c.MessageDefinition, bpmnElementId="e") == ["missing"]
    assert faults(c.SignalDefinition, bpmnElementId="e", signalName=None) == ["missing"]
    assert faults(c.TimerDefinition, bpmnElementId="e", timer=None) == ["missing"]


def test_called_process_takes_maps_too():
    called = c.CalledProcess(tags={"a": "x"}, variables={"v": None})

    assert called.tags == (c.Tag(name="a", value="x"),)
    assert called.variables == (c.ProcessVariable(name="v"),)

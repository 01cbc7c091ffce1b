"""People for a user task: picked from the directory by its policy, when the task is made.

Nobody found is no error: the task waits until somebody assigns it.
"""

from collections.abc import Callable, Iterable, Mapping

from ..engine.assignment import reassign
from ..engine.policies import Wanted, Way
from ..engine.records import UserTask
from ..engine.step import Step
from .desk import Desk
from .people import People
from .worklist import burdens

USER_WORD, PARTY_WORD = "user ", "party "


def staff(desk: Desk, step: Step, user_task: UserTask, wanted: Wanted) -> None:
    """Let the people whom a policy wants be named for a user task."""
    people = People.of(desk.env)
    pick = _PICKS.get(wanted.way)
    if pick is None:
        users, groups = _named(people, wanted.targets)
    else:
        members = people.members(wanted.party) if wanted.party else []
        users, groups = ([pick(desk, step, user_task, wanted, members)] if members else []), []
    if users or groups:
        single = users[0] if len(users) == 1 and not groups else None
        candidates = [] if single else users
        changes = {"assignee": single, "candidateUsers": candidates, "candidateGroups": groups}
        reassign(user_task, step.process, {name: value for name, value in changes.items() if value})


# private


def _named(people: People, targets: Iterable[str]) -> tuple[list[str], list[str]]:
    """Users and groups among some names; a bare name is a group if there is one of that name.

    Where there is a directory, who is not in it is nobody.
    """
    users: dict[str, None] = {}
    groups: dict[str, None] = {}
    for target in targets:
        if target.startswith(USER_WORD):
            users[target.removeprefix(USER_WORD).strip()] = None
        elif target.startswith(PARTY_WORD):
            groups[target.removeprefix(PARTY_WORD).strip()] = None
        else:
            (groups if people.is_group(target) else users)[target] = None
    for stranger in people.unknown(users):
        del users[stranger]
    for stranger in people.unknown_groups(groups):
        del groups[stranger]
    return list(users), list(groups)


def _in_turn(desk: Desk, step: Step, user_task: UserTask, wanted: Wanted, members: list[str]) -> str:
    """The next one; a command that is attempted again does not take another turn."""
    process = step.process.bpmn_process_id
    element = step.process.elements[user_task.element].bpmn_element_id
    turn = desk.turn(process, element)
    return members[(turn - 1) % len(members)]


def _with_least(desk: Desk, step: Step, user_task: UserTask, wanted: Wanted, members: list[str]) -> str:
    """Who has the fewest open tasks; of several, who was given one the longest time ago."""
    party = wanted.party or ""
    turns = desk.given(party).turns
    carried = burdens(desk.env, members, desk.ended_user_tasks())
    chosen = min(
        members,
        key=lambda member: (carried[member] + desk.taken_here(member), turns.get(member, 0), member),
    )
    desk.give(party, chosen)
    return chosen


_PICKS: Mapping[Way, Callable[[Desk, Step, UserTask, Wanted, list[str]], str]] = {
    Way.ROUND_ROBIN: _in_turn,
    Way.LOAD_BALANCE: _with_least,
}

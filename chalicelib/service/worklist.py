"""Tasks of people: found by user, role and group, shown as the Process Runtime shows them.

A list reads the worklist entries of whom it is for, then the states of the process instances: these decide
what is on it. It never scans.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from ..bpmn.instants import parse_instant
from ..engine.assignment import USER, Named, assignment, link
from ..engine.claims import Claims, is_on_list
from ..engine.instance import IDS_PER_BLOCK
from ..engine.records import Instant, UserTask
from .environment import Environment, Listed, Ref, Work
from .loading import loaded
from .people import People
from .public_ids import INSTANCE, TASK, spell

DEFAULT_PRIORITY, LOWEST, HIGHEST = 50, 1, 99

LEFT_OVER_AFTER = 24 * 60 * 60 * 1000
"""Milliseconds after which an entry without process instance is left over; before, that may still come."""


class Open(NamedTuple):
    """An open user task and its process instance."""

    work: Work
    user_task: UserTask

    @property
    def place(self) -> tuple[Instant, str, int]:
        """In what order it stands on a list: oldest first, then by id."""
        instance = self.work.instance
        return self.user_task.created_at, instance.partition, instance.public_id(self.user_task.id)

    def claims(self, people: People, name: str = "") -> Claims:
        """The claims on it."""
        return Claims(self.user_task, self.work.process.model, name, people.is_member)


def of_users(env: Environment, users: Iterable[str]) -> list[Open]:
    """What some users hold, and what they could claim; groups that they share are read once."""
    people = People.of(env)
    named_by = {user: people.named(user) for user in users}

    def belongs(claims: Claims) -> bool:
        return any(is_on_list(claims, named, user) for user, named in named_by.items())

    return _sorted(_found(env, set[Named]().union(*named_by.values()), belongs))


def of_groups(env: Environment, named: set[Named]) -> list[Open]:
    """What nobody holds and a member of some groups could claim."""
    return _sorted(_found(env, named, lambda claims: is_on_list(claims, named, None)))


def burdens(
    env: Environment, users: Iterable[str], ended: Collection[tuple[Ref, int]] = ()
) -> dict[str, int]:
    """How many open tasks are assigned to each of some users or claimed by them, over all processes.

    Args:
        env: The environment.
        users: Who.
        ended: User tasks that are not open any more although their stored states say so, by process instance
            and number.
    """
    named = {(USER, user) for user in users}
    found = _found(env, named, lambda claims: True)
    held = Counter(_holder(task) for task in found if (task.work.ref, task.user_task.id) not in ended)
    return {user: held[user] for user in users}


def of_instance(work: Work) -> Iterator[Open]:
    """The open tasks of a process instance itself."""
    return (Open(work, user_task) for user_task in work.instance.user_tasks.values())


def record(env: Environment, found: Open) -> dict[str, Any]:
    """A task as the Process Runtime shows it: all fields, always."""
    work, user_task = found
    instance, process = work.instance, work.process
    element = process.model.elements[user_task.element]
    said = assignment(user_task, process.model)
    due_date = said.get("dueDate")
    entity = element.extension.property("loadEntity")
    return {
        "id": spell(env, TASK, instance.partition, instance.public_id(user_task.id)),
        "instanceId": spell(env, INSTANCE, instance.partition, instance.id),
        "name": element.name or element.bpmn_element_id,
        "processName": process.model.name,
        "definitionId": f"{process.bpmn_process_id}:{process.version}:{process.id}",
        "description": element.extension.documentation,
        "createBy": user_task.person or user_task.created_by,
        "createTime": user_task.created_at,
        "dueDate": None if due_date is None else parse_instant(due_date),
        "priority": min(max(said.get("priority", DEFAULT_PRIORITY), LOWEST), HIGHEST),
        "assignee": said.get("claimedBy") or said.get("assignee"),
        "owner": said.get("owner"),
        "parentTaskId": None,
        "loadlinkEntityId": entity,
        "loadlinkParam": link(user_task, element),
    }


# private


def _found(env: Environment, named: set[Named], belongs: Callable[[Claims], bool]) -> list[Open]:
    """The open tasks of some entries that belong on a list; entries of ended tasks are removed."""
    listed = env.store.worklist(sorted(named))
    refs = list(dict.fromkeys(env.store.first_ref(one.partition, one.id) for one in listed))
    works = {
        Ref(work.instance.partition, block): work
        for _, work in loaded(env, refs, skip_unreadable=True)
        for block in work.instance.blocks
    }
    people = People.of(env)
    found, left_over = [], []
    for one in listed:
        work = works.get(Ref(one.partition, (one.id - 1) // IDS_PER_BLOCK))
        user_task = _user_task(work, one)
        if user_task is not None and work is not None:
            task = Open(work, user_task)
            if belongs(task.claims(people)):
                found.append(task)
        elif _is_left_over(env, work, one):
            left_over.append(one)
    if left_over:
        env.store.forget_listed(left_over)
    return found


def _holder(task: Open) -> str | None:
    """Who has a task: by claim, or by assignment."""
    said = assignment(task.user_task, task.work.process.model)
    holder: str | None = said.get("claimedBy") or said.get("assignee")
    return holder


def _user_task(work: Work | None, listed: Listed) -> UserTask | None:
    number = None if work is None else work.instance.number(listed.id)
    return None if work is None or number is None else work.instance.user_tasks.get(number)


def _is_left_over(env: Environment, work: Work | None, listed: Listed) -> bool:
    """Whether a user task has ended; one that the state does not know yet is still being made."""
    if work is None:
        return env.wall_clock() - listed.created_at > LEFT_OVER_AFTER
    number = work.instance.number(listed.id)
    return number is not None and number <= work.instance.counters.user_tasks


def _sorted(found: Iterable[Open]) -> list[Open]:
    """Oldest first, each once."""
    by_place = {one.place: one for one in found}
    return [by_place[place] for place in sorted(by_place)]

"""What the Process Runtime can do: processes are started, and people do their tasks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..contract import process_runtime as p
from ..engine import user_tasks
from ..engine.claims import Claims
from ..engine.errors import InvalidCommand, InvalidQuery
from ..engine.instance import ProcessInstance
from ..engine.records import UserTask
from ..engine.step import Step
from . import objects, worklist
from .desk import MAX_CHANGES, Desk
from .due import carried_out
from .environment import Environment, Ref, Work
from .finding import Selectors, find_process
from .people import People
from .public_ids import INSTANCE, TASK, missing, read, spell
from .user_tasks import open_user_task
from .work import change, load
from .worklist import Open

NOBODY = "anonymous"
"""Who starts processes where nobody is asked who they are."""

Answer = dict[str, Any]
"""`data` and the number of records."""


def start_process(cmd: p.StartProcess, env: Environment) -> Answer:
    """Start a process and run it to its first wait states, in one transaction; if a node fails, nothing is.

    Raises:
        NotFound: No process matches.
        InvalidCommand: More than one does, or a business object is of the wrong type.
        ExecutionError: A node failed before the first wait state.
    """
    wanted = Selectors(cmd.process_name, cmd.app_name, cmd.unique_id, cmd.snap_version)
    return _start(env, wanted, cmd.objects, cmd.caller)


def start_process_by_name(cmd: p.StartProcessByName, env: Environment) -> Answer:
    """The same for the newest process of a name.

    Raises:
        EngineError: As `start_process`.
    """
    return _start(env, Selectors(cmd.process_name), cmd.objects, cmd.caller, may_be_wrapped=True)


def get_instance_tasks(cmd: p.GetInstanceTasks, env: Environment) -> Answer:
    """The open tasks of a process instance and of those that it has called, oldest first.

    Raises:
        NotFound: There is no such process instance.
    """
    found = (task for work in _family(env, cmd.instance_id) for task in worklist.of_instance(work))
    return _page(env, sorted(found, key=lambda task: task.place))


def list_tasks(cmd: p.ListTasks, env: Environment) -> Answer:
    """Tasks of users, roles or groups.

    Raises:
        InvalidQuery: None of the three is given, or more than one.
    """
    if [bool(cmd.users), bool(cmd.roles), bool(cmd.groups)].count(True) != 1:
        raise InvalidQuery("expected exactly one of user, role and group")
    if cmd.users:
        return _page(env, worklist.of_users(env, cmd.users), cmd.offset, cmd.limit)
    people = People.of(env)
    named = {one for role in cmd.roles for one in people.by_role(role)}
    named |= {one for group in cmd.groups for one in people.by_group(group)}
    return _page(env, worklist.of_groups(env, named), cmd.offset, cmd.limit)


def get_task_variables(cmd: p.GetTaskVariables, env: Environment) -> Answer:
    """The business objects of a task.

    Raises:
        NotFound: There is no such task.
        Conflict: It has ended.
    """
    partition, id = read(env, TASK, cmd.task_id)
    work = load(env, partition, id, TASK)
    user_task = open_user_task(env, work, id, f"task {cmd.task_id}")
    found = objects.seen(env, work, user_task)
    return {"data": found, "count": len(found)}


def claim_task(cmd: p.ClaimTask, env: Environment) -> Answer:
    """Take a task; of several who try at once, one gets it.

    Raises:
        NotFound: There is no such task.
        Conflict: Somebody else holds it, or it has ended.
        Forbidden: The user may not do it.
    """
    user = _one_user(cmd.users)

    def act(claims: Claims) -> bool:
        return claims.claim(user, is_open=env.claims_are_open)

    return _change_claims(env, cmd.task_id, user, act)


def unclaim_task(cmd: p.UnclaimTask, env: Environment) -> Answer:
    """Give a task back; an admin may do that for whoever holds it.

    Raises:
        NotFound: There is no such task.
        Conflict: Nobody holds it, or it has ended.
        Forbidden: Somebody else holds it.
    """
    user = _one_user(cmd.users)

    def act(claims: Claims) -> bool:
        claims.unclaim(user, is_admin=cmd.is_admin and user == cmd.caller)
        return True

    return _change_claims(env, cmd.task_id, user, act)


def assign_task(cmd: p.AssignTask, env: Environment) -> Answer:
    """Name others for a task.

    Raises:
        NotFound: There is no such task.
        Conflict: It has ended.
        InvalidCommand: Nobody is named, or somebody who is not there.
    """
    users, groups = _others(env, cmd)

    def act(claims: Claims) -> bool:
        claims.assign(users, groups)
        return True

    return _change_claims(env, cmd.task_id, cmd.caller or NOBODY, act)


def assign_instance_tasks(cmd: p.AssignInstanceTasks, env: Environment) -> Answer:
    """Name others for all open tasks of a process instance and of those that it has called, all or none.

    Raises:
        NotFound: There is no such process instance.
        InvalidCommand: Nobody is named, or somebody who is not there, or there are too many tasks.
    """
    users, groups = _others(env, cmd)
    people = People.of(env)

    def assign(desk: Desk) -> int:
        tasks = [task for work in _family(env, cmd.instance_id) for task in worklist.of_instance(work)]
        works = [task.work for task in _one_each(tasks)]
        _require_one_transaction(works)
        steps = {work.ref: desk.take(work) for work in works}
        for task in tasks:
            task.claims(people).assign(users, groups)
            _touch(steps[task.work.ref], task.user_task)
        return len(tasks)

    count = carried_out(env, env.moment(cmd.caller or NOBODY), assign)
    return {"data": "", "count": min(count, 1)}


def complete_task(cmd: p.CompleteTask, env: Environment) -> Answer:
    """Complete a task with changed business objects, and go on to the next wait states, in one transaction.

    Raises:
        NotFound: There is no such task.
        Conflict: It has ended, or somebody else holds it.
        Forbidden: The user may not do it.
        InvalidCommand: A business object is of the wrong type.
        ExecutionError: A node behind it failed; the task is still open.
    """
    user = _one_user(cmd.users)
    partition, id = read(env, TASK, cmd.task_id)
    people = People.of(env)

    def think(work: Work, step: Step) -> None:
        user_task = open_user_task(env, work, id, f"task {cmd.task_id}")
        claims = Claims(user_task, step.process, cmd.task_id, people.is_member)
        claims.require_completable(user, is_open=env.claims_are_open, is_implicit=env.claims_are_implicit)
        update = user_tasks.Update(
            user_task.revision,
            completed=True,
            variables=tuple(objects.merged(step, user_task, cmd.objects)),
            assignment={} if claims.holder else {"claimedBy": user},
        )
        user_tasks.update(step, user_task, update, cmd.task_id)

    change(env, user, partition, id, TASK, think, objects.require_no_failure)
    return _nothing()


# private


def _start(
    env: Environment,
    wanted: Selectors,
    given: Mapping[str, Any],
    caller: str,
    *,
    may_be_wrapped: bool = False,
) -> Answer:
    process = find_process(env, wanted)
    if may_be_wrapped:
        given = objects.unwrapped(process.model, given)
    moment = env.moment(caller or NOBODY)

    def start(desk: Desk) -> ProcessInstance:
        variables = objects.new(process.model, given)
        return desk.new_instance(process, moment.partition, variables).instance

    instance = carried_out(env, moment, start, check=objects.require_no_failure)
    return {"data": spell(env, INSTANCE, instance.partition, instance.id), "count": 1}


def _change_claims(env: Environment, task_id: str, actor: str, act: Callable[[Claims], bool]) -> Answer:
    """Do something to the claims on a task; `act` answers whether that changes anything."""
    partition, id = read(env, TASK, task_id)
    people = People.of(env)

    def think(work: Work, step: Step) -> None:
        user_task = open_user_task(env, work, id, f"task {task_id}")
        if act(Claims(user_task, step.process, task_id, people.is_member)):
            _touch(step, user_task)

    change(env, actor, partition, id, TASK, think)
    return _nothing()


def _touch(step: Step, user_task: UserTask) -> None:
    """Whoever has read it before must look again."""
    user_task.revision += 1
    user_task.updated_at = step.now
    user_task.updated_by = step.actor


def _family(env: Environment, instance_id: str) -> Iterator[Work]:
    """A process instance, and those that it has called and that have not ended, level by level.

    Raises:
        NotFound: There is no such process instance.
    """
    partition, id = read(env, INSTANCE, instance_id)
    work = env.store.load(partition, id)
    if work is None or work.instance.process_instance_id != id:
        raise missing(INSTANCE, instance_id)
    level = [work]
    while level:
        yield from level
        called = [
            env.store.first_ref(one.instance.partition, token.called_id)
            for one in level
            for token in one.instance.element_instances.values()
            if token.called_id is not None
        ]
        found = env.store.load_many(list(dict.fromkeys(called))) if called else []
        level = [one for one in found if one is not None and not one.instance.is_ended]


def _one_each(tasks: Iterable[Open]) -> list[Open]:
    """One task of each process instance."""
    by_ref: dict[Ref, Open] = {}
    for task in tasks:
        by_ref.setdefault(task.work.ref, task)
    return list(by_ref.values())


def _require_one_transaction(works: Sequence[Work]) -> None:
    """All or none needs one transaction; what is too much for it is refused before anything is written."""
    if len(works) > MAX_CHANGES:
        raise InvalidCommand(
            f"tasks of {len(works)} process instances cannot be assigned at once, at most of {MAX_CHANGES};"
            " assign the tasks one by one"
        )


def _others(env: Environment, cmd: p.AssignTask | p.AssignInstanceTasks) -> tuple[list[str], list[str]]:
    """Users and groups that are named; each must be there, if anybody is known."""
    users, groups = list(cmd.users), [*cmd.roles, *cmd.groups]
    if not (users or groups):
        raise InvalidCommand("expected at least one user")
    people = People.of(env)
    unknown = [*people.unknown(users), *people.unknown_groups(groups)]
    if unknown:
        raise InvalidCommand(f"unknown in the directory: {', '.join(unknown)}")
    return users, groups


def _one_user(users: tuple[str, ...]) -> str:
    if len(users) != 1:
        raise InvalidCommand(f"expected exactly one user, not {len(users)}")
    return users[0]


def _page(env: Environment, tasks: list[Open], offset: int = 0, limit: int = 0) -> Answer:
    page = tasks[offset : offset + limit] if limit else tasks[offset:]
    return {"data": [worklist.record(env, task) for task in page], "count": len(tasks)}


def _nothing() -> Answer:
    return {"data": "", "count": 1}

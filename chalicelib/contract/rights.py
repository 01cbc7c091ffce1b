"""Who may do what: one row per operation, and nowhere else.

ADMIN may do everything and is in no row. Who has several roles may do what any of them may.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the engine."""

    ADMIN = "admin"
    DEPLOYER = "deployer"
    OPERATOR = "operator"
    WORKER = "worker"
    USER = "user"
    READ_ONLY = "read-only"


DUTIES: Mapping[Role, str] = {
    Role.ADMIN: "everything, also to move the clock",
    Role.DEPLOYER: "brings processes to the engine",
    Role.OPERATOR: "keeps process instances going: sees everything, resolves, suspends, resumes, corrects",
    Role.WORKER: "a program that takes part: starts process instances, sends messages and signals, does jobs",
    Role.USER: "a person, or a task list: finds user tasks, reads their variables, completes them",
    Role.READ_ONLY: "sees everything, values of variables included, and changes nothing",
}
"""What each role is for."""

_D, _O, _W, _U, _R = Role.DEPLOYER, Role.OPERATOR, Role.WORKER, Role.USER, Role.READ_ONLY

RIGHTS: Mapping[str, frozenset[Role]] = {
    operation: frozenset(roles)
    for operation, roles in {
        "getDirectory": (_O, _R),
        "putDirectory": (),
        "queryElementInstances": (_O, _R),
        "getElementVariables": (_O, _W, _U, _R),
        "setElementVariables": (_O,),
        "queryElements": (_D, _O, _W, _U, _R),
        "queryIncidents": (_O, _R),
        "resolveIncident": (_O,),
        "lockJobs": (_W,),
        "queryJobs": (_O, _W, _R),
        "unlockJobs": (_O, _W),
        "completeJob": (_W,),
        "sendMessage": (_O, _W),
        "queryMessages": (_O, _R),
        "queryMessageSubscriptions": (_O, _R),
        "createProcessInstance": (_O, _W),
        "queryProcessInstances": (_O, _W, _R),
        "getProcessInstanceCost": (_O, _R),
        "resumeProcessInstance": (_O,),
        "suspendProcessInstance": (_O,),
        "getProcessVariables": (_O, _W, _U, _R),
        "setProcessVariables": (_O,),
        "createProcess": (_D,),
        "queryProcesses": (_D, _O, _W, _U, _R),
        "getBpmnXml": (_D, _O, _R),
        "sendSignal": (_O, _W),
        "querySignalSubscriptions": (_O, _R),
        "executeTasks": (_O,),
        "queryTasks": (_O, _R),
        "unlockTasks": (_O,),
        "setTime": (),
        "queryUserTasks": (_O, _U, _R),
        "updateUserTask": (_U,),
        "queryVariables": (_O, _W, _U, _R),
        "processClassAction": (),
        "getInstanceTasks": (_O, _W, _U, _R),
        "assignInstanceTasks": (_O, _W),
        "startProcess": (_O, _W, _U),
        "startProcessByName": (_O, _W, _U),
        "refreshProcessCache": (),
        "listTasks": (_O, _W, _U, _R),
        "assignTask": (_O, _W),
        "claimTask": (_O, _W, _U),
        "completeTask": (_O, _W, _U),
        "unclaimTask": (_O, _W, _U),
        "getTaskVariables": (_O, _W, _U, _R),
        "runMicroflow": (_O, _W, _U),
        "actOnMicroflows": (),
        "listMicroflows": (_D, _O, _W, _U, _R),
        "refreshMicroflowCache": (),
        "actForOthers": (_O, _W),
        "seeOthers": (_O, _W, _R),
    }.items()
}
"""Roles beside ADMIN that may call an operation. What needs no credentials has no row.

The last two are no operations: whoever names another user than themselves acts for others, or sees what is
others'.
"""

BEYOND_OPERATIONS = ("actForOthers", "seeOthers")
"""Rows of `RIGHTS` that are no operations."""


def allows(roles: frozenset[Role], operation: str) -> bool:
    """Whether somebody with these roles may call an operation."""
    return Role.ADMIN in roles or not roles.isdisjoint(RIGHTS[operation])


def may_call(operation: str) -> list[str]:
    """All roles that may call an operation, in the order of their list."""
    return [role.value for role in Role if allows(frozenset({role}), operation)]


def known_roles(names: Iterable[str]) -> frozenset[Role]:
    """The roles among some names; what we do not know gives no right."""
    return frozenset(Role(name) for name in names if name in _NAMES)


_NAMES = frozenset(role.value for role in Role)

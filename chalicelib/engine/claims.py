"""Who may do a user task, who holds it, and how it passes from hand to hand.

    -        made          WAITING    nobody is named
                           ASSIGNED   somebody is: an assignee, candidates, or both
    any      assign        ASSIGNED   to others; a claim is dropped
    ASSIGNED claim         CLAIM      by somebody who may do it
    CLAIM    unclaim       ASSIGNED   as it was before
    CLAIM    complete      -          by the holder; ASSIGNED: by whoever may do it

The states are not stored: they follow from the assignment of the user task. Who was ever named stays listed
with it until it ends, so that its worklist entries are found (`assignment.audience`).
"""

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Any

from ..bpmn.model import Process
from .assignment import GROUP, USER, Named, assignment, reassign
from .errors import Conflict, Forbidden, Reason
from .records import UserTask

MayStandFor = Callable[[str, Collection[str]], bool]
"""Whether a user is a member of one of some groups, by their names."""


class TaskState(StrEnum):
    """How far a user task has come, to people."""

    WAITING = "WAITING"
    ASSIGNED = "ASSIGNED"
    CLAIM = "CLAIM"


class Claims:
    """The claims on one user task."""

    def __init__(self, user_task: UserTask, process: Process, pointer: str, is_member: MayStandFor) -> None:
        """Look at a user task.

        Args:
            user_task: Changed in place.
            process: Its process.
            pointer: How to name it in an error.
            is_member: Knows people.
        """
        self._user_task = user_task
        self._process = process
        self._pointer = pointer
        self._is_member = is_member

    @property
    def said(self) -> dict[str, Any]:
        """What holds for it, by the names of the API."""
        return assignment(self._user_task, self._process)

    @property
    def holder(self) -> str | None:
        """Who has claimed it."""
        return self.said.get("claimedBy")

    @property
    def state(self) -> TaskState:
        """How far it has come."""
        said = self.said
        if said.get("claimedBy"):
            return TaskState.CLAIM
        named = any(said.get(name) for name in ("assignee", "candidateUsers", "candidateGroups"))
        return TaskState.ASSIGNED if named else TaskState.WAITING

    def may_be_done_by(self, user: str, *, is_open: bool = False) -> bool:
        """Whether somebody is named for it, or a member of a group that is.

        Args:
            user: Who.
            is_open: Whether anybody may do what nobody is named for.
        """
        said = self.said
        if self.state is TaskState.WAITING:
            return is_open
        if user in (said.get("assignee"), *said.get("candidateUsers", ())):
            return True
        groups = said.get("candidateGroups", ())
        return bool(groups) and self._is_member(user, groups)

    def claim(self, user: str, *, is_open: bool = False) -> bool:
        """Take it; who holds it already, keeps it. Answers whether that changes anything.

        Raises:
            Conflict: Somebody else holds it.
            Forbidden: They may not do it.
        """
        if self.holder == user:
            return False
        self._require_free(user)
        self._require_eligible(user, is_open)
        self._change({"claimedBy": user})
        return True

    def unclaim(self, user: str, *, is_admin: bool = False) -> None:
        """Give it back.

        Raises:
            Conflict: Nobody holds it.
            Forbidden: Somebody else holds it.
        """
        if self.holder is None:
            raise Conflict(f"task {self._pointer} is not claimed", reason=Reason.TASK_NOT_CLAIMED)
        if self.holder != user and not is_admin:
            raise Forbidden(f"task {self._pointer} is claimed by another user than {user}")
        self._change({"claimedBy": None})

    def assign(self, users: Sequence[str], groups: Sequence[str] = ()) -> None:
        """Name others for it, in place of whoever was named; a claim is dropped."""
        single = users[0] if len(users) == 1 and not groups else None
        changes = {"assignee": single, "candidateUsers": list(users), "candidateGroups": list(groups)}
        self._change(changes | ({"claimedBy": None, "owner": self.holder} if self.holder else {}))

    def require_completable(self, user: str, *, is_open: bool, is_implicit: bool) -> None:
        """Whether somebody may complete it.

        Args:
            user: Who.
            is_open: Whether anybody may do what nobody is named for.
            is_implicit: Whether it need not be claimed first.

        Raises:
            Conflict: Somebody else holds it, or nobody does and somebody has to.
            Forbidden: They may not do it.
        """
        if self.holder == user:
            return
        self._require_free(user)
        self._require_eligible(user, is_open)
        if not is_implicit:
            raise Conflict(f"task {self._pointer} is not claimed", reason=Reason.TASK_NOT_CLAIMED)

    def _require_free(self, user: str) -> None:
        if self.holder not in (None, user):
            detail = f"task {self._pointer} is already claimed by another user"
            raise Conflict(detail, reason=Reason.TASK_ALREADY_CLAIMED)

    def _require_eligible(self, user: str, is_open: bool) -> None:
        if not self.may_be_done_by(user, is_open=is_open):
            raise Forbidden(f"user {user} is no candidate of task {self._pointer}")

    def _change(self, changes: dict[str, Any]) -> None:
        reassign(self._user_task, self._process, changes)


def is_on_list(claims: Claims, named: Collection[Named], user: str | None) -> bool:
    """Whether a user task belongs on a list.

    Args:
        claims: Of the user task.
        named: Under whom it is looked for, a user with their groups, or groups.
        user: Whose list it is: theirs, and what they could claim. None: what nobody holds.
    """
    if claims.holder is not None:
        return claims.holder == user
    return not named_now(claims).isdisjoint(named)


def named_now(claims: Claims) -> set[Named]:
    """Who is named for a user task now."""
    said = claims.said
    users = {said.get("assignee"), *said.get("candidateUsers", ())} - {None}
    return {(USER, str(user)) for user in users} | {(GROUP, name) for name in said.get("candidateGroups", ())}

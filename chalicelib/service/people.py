"""The directory: users, their roles, and the work parties that they form.

Without a directory, or with an empty one, every name is accepted, and no group has a member.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from ..bpmn.errors import Cause
from ..contract import commands as c
from ..engine.assignment import GROUP, USER, Named
from ..engine.errors import InvalidCommand
from .environment import Directory, Environment


def put_directory(cmd: c.PutDirectory, env: Environment) -> None:
    """Load the directory in place of the one before; other processes notice within five seconds.

    Raises:
        InvalidCommand: Somebody is there twice, or a role or a member is not there.
    """
    causes = list(_faults(cmd))
    if causes:
        raise InvalidCommand("the directory does not fit together", causes=causes)
    document = cmd.model_dump(by_alias=True, exclude_defaults=True)
    env.store.commit(Directory(document, env.store.directory().revision))


def get_directory(cmd: c.GetDirectory, env: Environment) -> dict[str, Any]:
    """The directory as it was loaded; empty if none was."""
    document = env.store.directory().document or {}
    return {name: document.get(name, []) for name in ("users", "roles", "workParties")}


class People:
    """What the directory says of users and groups; a group is a work party or a role."""

    def __init__(self, directory: Directory) -> None:
        """Look nothing up yet."""
        self.directory = directory
        self._document: Mapping[str, Any] = directory.document or {}
        self.are_known = bool(directory.document)

    @staticmethod
    def of(env: Environment) -> "People":
        """As they are known now."""
        return _latest(env.store.directory(may_be_remembered=True))

    def unknown(self, users: Iterable[str]) -> list[str]:
        """Those of some users that are not there; nobody is missing where there is no directory."""
        return [user for user in users if user not in self._roles_of] if self.are_known else []

    def unknown_groups(self, groups: Iterable[str]) -> list[str]:
        """The same for groups."""
        return [group for group in groups if not self.is_group(group)] if self.are_known else []

    def is_member(self, user: str, groups: Collection[str]) -> bool:
        """Whether a user is a member of one of some groups."""
        return any((GROUP, group) in self.named(user) for group in groups)

    def named(self, user: str) -> set[Named]:
        """Under what somebody can be named: as they are, by a role, by a work party."""
        roles = self._roles_of.get(user, ())
        groups = {name for role in roles for name in self._names_of_role(role)}
        groups |= {
            party
            for party, members in self._members.items()
            if not members.isdisjoint({(USER, user), *((GROUP, role) for role in roles)})
        }
        return {(USER, user), *((GROUP, group) for group in groups)}

    def by_role(self, name: str) -> set[Named]:
        """Under what a role can be named: by its code or name, and by the work parties that it belongs to."""
        codes = {code for code, title in self._roles.items() if name in (code, title)} or {name}
        names = {one for code in codes for one in self._names_of_role(code)}
        parties = {
            party
            for party, members in self._members.items()
            if any((GROUP, code) in members for code in codes)
        }
        return {(GROUP, one) for one in names | parties}

    def by_group(self, name: str) -> set[Named]:
        """Under what a group can be named: a work party, else a role."""
        return {(GROUP, name)} if name in self._members else self.by_role(name)

    def is_group(self, name: str) -> bool:
        """Whether it is a work party or a role."""
        return name in self._members or name in self._roles or name in self._roles.values()

    def members(self, party: str) -> list[str]:
        """The users of a work party or a role, with its roles expanded, by id."""
        wanted = self._members.get(party, set()) or {(GROUP, party)}
        codes = {code for kind, name in wanted if kind == GROUP for code in self._codes(name)}
        return sorted(
            {name for kind, name in wanted if kind == USER}
            | {user for user, roles in self._roles_of.items() if codes.intersection(roles)}
        )

    def _codes(self, name: str) -> set[str]:
        return {code for code, title in self._roles.items() if name in (code, title)}

    def _names_of_role(self, code: str) -> list[str]:
        title = self._roles.get(code)
        return [code, title] if title else [code]

    @cached_property
    def _roles_of(self) -> dict[str, list[str]]:
        return {user["id"]: list(user.get("roles", ())) for user in self._document.get("users", ())}

    @cached_property
    def _roles(self) -> dict[str, str | None]:
        return {role["code"]: role.get("name") for role in self._document.get("roles", ())}

    @cached_property
    def _members(self) -> dict[str, set[Named]]:
        kinds = {"USER": USER, "ROLE": GROUP}
        return {
            party["name"]: {(kinds[member["type"]], member["id"]) for member in party.get("members", ())}
            for party in self._document.get("workParties", ())
        }


# private

_LATEST: list["People"] = []
"""What was looked up last: a directory is read every few seconds and asked by each command."""


def _latest(directory: Directory) -> People:
    known = next((people for people in _LATEST if people.directory is directory), None)
    if known is None:
        known = People(directory)
        _LATEST[:] = [known]
    return known


def _faults(cmd: c.PutDirectory) -> Iterator[Cause]:
    users, roles = {user.id for user in cmd.users}, {role.code for role in cmd.roles}
    yield from _repeated("users", (user.id for user in cmd.users))
    yield from _repeated("roles", (role.code for role in cmd.roles))
    yield from _repeated("workParties", (party.name for party in cmd.work_parties))
    for at, user in enumerate(cmd.users):
        for role in user.roles:
            if role not in roles:
                yield Cause(f"#/users/{at}/roles", "unknown", f"role {role} does not exist", role)
    for at, party in enumerate(cmd.work_parties):
        for number, member in enumerate(party.members):
            if member.id not in (users if member.type == "USER" else roles):
                place = f"#/workParties/{at}/members/{number}"
                fact = f"{member.type.lower()} {member.id} does not exist"
                yield Cause(place, "unknown", fact, member.id)
        if party.lead is not None and party.lead not in users:
            fact = f"user {party.lead} does not exist"
            yield Cause(f"#/workParties/{at}/lead", "unknown", fact, party.lead)


def _repeated(name: str, ids: Iterable[str]) -> Iterator[Cause]:
    seen = set[str]()
    for at, id in enumerate(ids):
        if id in seen:
            yield Cause(f"#/{name}/{at}", "unique", f"{id} is there more than once", id)
        seen.add(id)

"""Which hosts may be called, and at which addresses: nobody reaches what lies behind the engine through it.

A host is allowed by its name. Where its name leads to is looked at as well: an address that is not of the
public internet is for hosts alone that are listed by their very name or address, and one that no server of
ours should have (link-local, where clouds hand out credentials, multicast and the like) only if it is listed
itself.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

DEFAULT_PORTS = {"http": 80, "https": 443}

_ENTRY = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/?#@\[\]*]+|\*\.[^\s:/?#@\[\]*]+)(?::(\d{1,5}))?")
_NAT64 = IPv6Network("64:ff9b::/96")
_SHARED = IPv4Network("100.64.0.0/10")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the list.

    Attributes:
        host: In lower case; one that begins with `*.` stands for everything below that name.
        port: None: the ports of http and https.
    """

    host: str
    port: int | None

    @staticmethod
    def of(text: str) -> "Entry":
        """`api.example.com`, `*.example.com`, `10.0.0.5:8080`, `[::1]:8080`.

        Raises:
            ValueError: It is none of these.
        """
        found = _ENTRY.fullmatch(text.strip().lower())
        if found is None or int(found[2] or 0) > 65535:
            raise ValueError("must be a host such as api.example.com, *.example.com or 10.0.0.5:8080")
        return Entry(ascii_host(found[1].strip("[]")), int(found[2]) if found[2] else None)

    def has(self, host: str, port: int) -> bool:
        """Whether a host and its port are meant."""
        has_port = port in DEFAULT_PORTS.values() if self.port is None else port == self.port
        is_below = self.host.startswith("*.") and host.endswith(self.host[1:])
        return has_port and (is_below or host == self.host)


@dataclass(frozen=True)
class Hosts:
    """The hosts that may be called."""

    entries: tuple[Entry, ...]

    @staticmethod
    def of(texts: tuple[str, ...]) -> "Hosts":
        """Read the entries.

        Raises:
            ValueError: One of them is none.
        """
        return Hosts(tuple(map(Entry.of, texts)))

    def allows(self, host: str, port: int) -> bool:
        """Whether a host may be called, wherever its name leads to."""
        return any(entry.has(host, port) for entry in self.entries)

    def reaches(self, host: str, port: int, address: str) -> bool:
        """Whether an allowed host may be called at an address that its name leads to."""
        found = _inner(ip_address(address.partition("%")[0]))
        if any(entry.has(str(found), port) for entry in self._addresses):
            return True
        if found.is_global and not (found.is_multicast or found.is_reserved):
            return True
        is_named = any(entry.host == host and entry.has(host, port) for entry in self.entries)
        return is_named and any(is_such(found) for is_such in _INTERNAL)

    @cached_property
    def _addresses(self) -> tuple[Entry, ...]:
        """The entries that are addresses, as they are written in short."""
        found = ((_address(entry.host), entry.port) for entry in self.entries)
        return tuple(Entry(str(_inner(address)), port) for address, port in found if address is not None)


def ascii_host(host: str) -> str:
    """A host as DNS knows it: in lower case, international names in ASCII, without a dot at its end.

    Raises:
        ValueError: It cannot be one.
    """
    host = host.lower().rstrip(".")
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as fault:
        raise ValueError(f"host {host} cannot be a name: {fault}") from fault


_INTERNAL: tuple[Callable[[Address], bool], ...] = (
    lambda address: address.is_loopback,
    lambda address: (
        address.is_private
        and not (
            address.is_link_local or address.is_multicast or address.is_reserved or address.is_unspecified
        )
    ),
    lambda address: isinstance(address, IPv4Address) and address in _SHARED,
)
"""Addresses of hosts that are not of the public internet, and may be called by their very name."""


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)

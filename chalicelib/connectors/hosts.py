"""Which hosts may be called, and at which addresses: nobody reaches what lies behind the engine through it.

A host is allowed by its name. Where its name leads to is looked at as well: an address inside of a network is
for hosts alone that are listed by their very name or address, and one that no server of ours should have
(link-local and the others where clouds hand out credentials, multicast and the like) only if it is listed
itself. The networks are written down here: what Python calls global changes with its version.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_PORTS = {"http": 80, "https": 443}

LONGEST_NAME, LONGEST_LABEL = 253, 63
"""Signs of a name of a host, and of each of its parts. Source: RFC 1035, 2.3.4."""

_ENTRY = re.compile(r"(\*\.)?(\[[0-9a-f:.]+\]|[^\s:/?#@\[\]*]+)(?::(\d{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_-]+", re.ASCII)
_NAT64 = IPv6Network("64:ff9b::/96")


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, texts))


NEVER = _networks(
    "0.0.0.0/8",
    "100.100.100.200/32",  # metadata of Alibaba Cloud
    "168.63.129.16/32",  # the platform of Azure
    "169.254.0.0/16",  # link-local: metadata of nearly all clouds
    "192.0.0.0/24",  # metadata of Oracle Cloud, and protocols of the IETF
    "192.88.99.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "3fff::/20",
    "fd00:ec2::/32",  # metadata of AWS
    "fd20:ce::/32",  # metadata of Google Cloud
)
"""Where no server is that anybody should call.

Source: IANA special-purpose address registries; the manuals of the clouds.
"""

INSIDE = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "::1/128",
    "2001:db8::/32",
    "fc00::/7",
)
"""Networks that are not of the public internet. Source: IANA special-purpose address registries."""

_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out; the rest, unless it is `INSIDE`, is link-local, multicast, or nobody's."""


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
        if found is None or int(found[3] or 0) > 65535:
            raise ValueError("must be a host such as api.example.com, *.example.com or 10.0.0.5:8080")
        host = (found[1] or "") + ascii_host(found[2].strip("[]"))
        return Entry(host, int(found[3]) if found[3] else None)

    def __str__(self) -> str:
        """How texts name it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

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
        return self.entry(host, port) is not None

    def entry(self, host: str, port: int) -> Entry | None:
        """The row that lets a host be called; None if there is none."""
        return next((entry for entry in self.entries if entry.has(host, port)), None)

    def reaches(self, host: str, port: int, address: str) -> bool:
        """Whether an allowed host may be called at an address that its name leads to."""
        found = _inner(ip_address(address.partition("%")[0]))
        if any(entry.has(str(found), port) for entry in self._addresses):
            return True
        if _lies_in(found, NEVER):
            return False
        if not _lies_in(found, INSIDE):
            return isinstance(found, IPv4Address) or found in _UNICAST
        return any(entry.host == host and entry.has(host, port) for entry in self.entries)

    @cached_property
    def _addresses(self) -> tuple[Entry, ...]:
        """The entries that are addresses, as they are written in short."""
        found = ((_address(entry.host), entry.port) for entry in self.entries)
        return tuple(Entry(str(_inner(address)), port) for address, port in found if address is not None)


def ascii_host(host: str) -> str:
    """A host as DNS knows it: in lower case, international names in ASCII, without a dot at its end.

    Raises:
        ValueError: It can be neither a name nor an address.
    """
    try:
        name = host.lower() if host.isascii() else host.encode("idna").decode().lower()
    except UnicodeError:
        raise ValueError(_NO_HOST) from None
    name = name.removesuffix(".")
    if not (_is_name(name) or isinstance(_address(name), IPv6Address)):
        raise ValueError(_NO_HOST)
    return name


_NO_HOST = "a host has letters, digits, - and _ between its dots, or is an address"


def _is_name(text: str) -> bool:
    """Whether it is made of what names of hosts are made of; an IPv4 address is so as well."""
    labels = text.split(".")
    return len(text) <= LONGEST_NAME and all(
        len(label) <= LONGEST_LABEL and _LABEL.fullmatch(label) for label in labels
    )


def _lies_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _address(host: str) -> Address | None:
    try:
        return ip_address(host) if "%" not in host else None
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

"""Which hosts may be called, and at which addresses."""

import pytest

from chalicelib.connectors.hosts import Hosts, ascii_host

HOSTS = Hosts.of(
    ("api.example.com", "*.partner.example", "rates.internal:8080", "10.0.0.5:8080", "[::1]:9000")
)


@pytest.mark.parametrize(
    ("host", "port", "is_allowed"),
    [
        ("api.example.com", 443, True),
        ("api.example.com", 80, True),
        ("api.example.com", 8443, False),
        ("www.api.example.com", 443, False),
        ("xapi.example.com", 443, False),
        ("a.partner.example", 443, True),
        ("a.b.partner.example", 443, True),
        ("partner.example", 443, False),
        ("evilpartner.example", 443, False),
        ("a.partner.example.evil", 443, False),
        ("rates.internal", 8080, True),
        ("rates.internal", 80, False),
        ("10.0.0.5", 8080, True),
        ("10.0.0.5", 80, False),
        ("::1", 9000, True),
        ("169.254.169.254", 80, False),
    ],
)
def test_a_host_is_allowed_by_its_name_and_port(host: str, port: int, is_allowed: bool) -> None:
    assert HOSTS.allows(host, port) is is_allowed


INTERNAL = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "198.18.0.1",
    "2001:db8::1",
    "::ffff:10.0.0.9",
]
NEVER = [
    "169.254.169.254",
    "fe80::1%eth0",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",
    "::",
    "255.255.255.255",
    "240.0.0.1",
    "0.1.2.3",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fec0::1",
    "3fff::1",
    "100::1",
    "5f00::1",
    "2001:2::1",
    "64:ff9b:1::a9fe:a9fe",
    "::169.254.169.254",
    "::ffff:0:127.0.0.1",
]
HIDDEN = ["::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"]
PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822", "192.31.196.1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_reached(address: str) -> None:
    assert HOSTS.reaches("api.example.com", 443, address)
    assert HOSTS.reaches("a.partner.example", 443, address)


@pytest.mark.parametrize("address", [*INTERNAL, *NEVER, *HIDDEN])
def test_a_name_that_many_may_give_reaches_no_internal_address(address: str) -> None:
    assert not HOSTS.reaches("a.partner.example", 443, address)


@pytest.mark.parametrize("address", INTERNAL)
def test_a_host_that_is_listed_by_its_very_name_reaches_an_internal_address(address: str) -> None:
    assert HOSTS.reaches("rates.internal", 8080, address)


@pytest.mark.parametrize("address", [*NEVER, *HIDDEN])
def test_no_name_reaches_what_no_server_has(address: str) -> None:
    assert not HOSTS.reaches("rates.internal", 8080, address)


def test_an_address_that_is_listed_itself_is_reached() -> None:
    assert HOSTS.reaches("10.0.0.5", 8080, "10.0.0.5")
    assert not HOSTS.reaches("a.partner.example", 443, "10.0.0.5")
    assert Hosts.of(("169.254.169.254",)).reaches("169.254.169.254", 80, "169.254.169.254")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.com",
        "a b",
        "example.com:99999",
        "*",
        "a*.example.com",
        "*.*.com",
        "user@example.com",
        "a..example.com",
        "*.example..com",
        "a\0.example.com",
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a host such as|a host has letters"):
        Hosts.of((text,))


def test_names_in_any_writing_are_the_same_host() -> None:
    assert ascii_host("API.Example.COM.") == "api.example.com"
    assert ascii_host("ตัวอย่าง.ไทย") == "xn--72c1a1bt4awk9o.xn--o3cw4h"
    assert Hosts.of(("ตัวอย่าง.ไทย",)).allows("xn--72c1a1bt4awk9o.xn--o3cw4h", 443)


@pytest.mark.parametrize("address", NEVER)
def test_an_address_that_no_server_has_may_be_listed_itself(address: str) -> None:
    address = address.partition("%")[0]
    host = f"[{address}]" if ":" in address else address

    assert Hosts.of((host,)).reaches(address, 80, address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1\0.example.com",
        "127.0.0.1 .example.com",
        "127.0.0.1\t.example.com",
        "a%00.example.com",
        "a\\.example.com",
        "a..example.com",
        ".example.com",
        "example.com..",
        "",
        ".",
        "a" * 64 + ".example.com",
        ".".join(["a" * 60] * 5),
        "ไ" * 60 + ".example.com",
        "a\0ไ.example.com",
        "a\u3002\u3002b",
        "fe80::1%eth0",
        "::g",
        "a:b",
    ],
)
def test_what_is_no_name_and_no_address_is_no_host(host: str) -> None:
    with pytest.raises(ValueError, match="a host has letters, digits, - and _ between its dots"):
        ascii_host(host)


@pytest.mark.parametrize("host", ["a_b.example.com", "localhost", "10.0.0.5", "::1", "a" * 63, "xn--p1ai"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert ascii_host(host) == host

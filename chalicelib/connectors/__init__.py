"""Connectors: job handlers that come with the engine, by the work type that models name.

They are handlers as anybody writes them (`sdk.worker`), so that they run wherever handlers run: in a
microflow, fed by the queue, polling. Each is there once something is listed that it may call; else its work
type is left to others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..sdk.job import Job
from ..sdk.worker import Completion, Worker


@dataclass(frozen=True, slots=True)
class Allowed:
    """What connectors may call; each list is empty where nothing is allowed.

    Attributes:
        http_hosts: Hosts, see `hosts.Entry`.
        dynamodb_tables: Names of tables.
        lambda_functions: Names or ARNs of functions.
        own_tables: Tables of the engine, which no connector may use.
        own_functions: Functions of the engine, as far as they are known.
    """

    http_hosts: tuple[str, ...] = ()
    dynamodb_tables: tuple[str, ...] = ()
    lambda_functions: tuple[str, ...] = ()
    own_tables: frozenset[str] = frozenset()
    own_functions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ports:
    """What connectors reach the world with.

    Attributes:
        clock: Seconds that only rise.
        pause: Waits.
        clients: Makes clients of AWS.
    """

    clock: Callable[[], float]
    pause: Callable[[float], None]
    clients: Callable[[str, float], Any]


Perform = Callable[[Job], Completion]


def _http(allowed: Allowed, ports: Ports) -> Perform:
    from . import http, sending
    from .hosts import Hosts

    hosts = Hosts.of(allowed.http_hosts)
    return http.HttpConnector(hosts, sending.resolve, sending.send, ports.clock, ports.pause).perform


def _dynamodb(allowed: Allowed, ports: Ports) -> Perform:
    from .aws import DynamoDbConnector, Names

    return DynamoDbConnector(Names(allowed.dynamodb_tables, allowed.own_tables), ports.clients).perform


def _lambda(allowed: Allowed, ports: Ports) -> Perform:
    from .aws import LambdaConnector, Names

    return LambdaConnector(Names(allowed.lambda_functions, allowed.own_functions), ports.clients).perform


@dataclass(frozen=True, slots=True)
class Row:
    """One connector.

    Attributes:
        work_type: How models name it.
        list: The field of `Allowed` that must not be empty.
        make: Makes it; what it needs is loaded then.
    """

    work_type: str
    list: str
    make: Callable[[Allowed, Ports], Perform]


ROWS: tuple[Row, ...] = (
    Row("http", "http_hosts", _http),
    Row("dynamodb", "dynamodb_tables", _dynamodb),
    Row("lambda", "lambda_functions", _lambda),
)


def worker(allowed: Allowed, ports: Ports) -> Worker:
    """The connectors that may call something, as a worker."""
    found = Worker()
    for row in ROWS:
        if getattr(allowed, row.list):
            found.job(work_type=row.work_type)(_handler(row, allowed, ports))
    return found


def _handler(row: Row, allowed: Allowed, ports: Ports) -> Callable[[Job], Completion]:
    """A handler that makes its connector with its first job."""
    connector = cache(lambda: row.make(allowed, ports))

    def handle(job: Job) -> Completion:
        return connector()(job)

    # How texts about failed jobs name it.
    handle.__module__, handle.__qualname__ = "connector", row.work_type
    return handle

"""Runs a verb: arguments to one request, its answer to standard output, a refusal to standard error."""

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import quote

from ..contract.commands import In
from ..contract.operation import Operation
from ..sdk import ApiProblem
from . import codes, connection, options, output, values
from .overview import EXIT_CODES
from .values import Json, Place, place, whole_place
from .verbs import Verb

OBJECT, DOCUMENT = "object", "document"
"""Business objects, and the file that is the body, among the parsed arguments."""

TARGET = "target"
"""What the path of the operation names, among the parsed arguments."""

OF_ELEMENT = "of element"
"""Whether it is an element instance, among the parsed arguments."""


class Request(NamedTuple):
    """What `Client.call` takes."""

    method: str
    path: str
    body: Json | None
    query: Json


def operate(verb: Verb, arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Run a verb; answers the exit code.

    Args:
        verb: Its row.
        arguments: What follows its words.
        environment: Where options have their defaults.
    """
    parser = make_parser(verb, environment)
    # Intermixed: names and values may stand before and after options.
    parsed = parser.parse_intermixed_args(arguments)
    try:
        operation = choose_operation(verb, vars(parsed))
        request = make_request(verb, operation, vars(parsed))
        client = connection.connect(parsed, environment)
    except ValueError as fault:
        parser.error(str(fault))
    try:
        with client:
            answer = client.call(*request)
        if operation.result is not None and not isinstance(answer, dict):
            raise ValueError("what answers is no engine")
    except ApiProblem as problem:
        output.complain(problem)
        return codes.of_status(problem.status)
    # ValueError: no engine either, JSON that is none, or not even text.
    except (OSError, HTTPException, ValueError) as fault:
        print(f"bpmn: cannot reach {connection.address(parsed, environment)}: {fault}", file=sys.stderr)
        return codes.UNREACHABLE
    except KeyboardInterrupt:
        return codes.INTERRUPTED
    _show(verb, operation, answer, as_json=parsed.json)
    if verb.fault and answer[verb.fault]:
        output.complain_of(answer[verb.fault], "", ())
        return codes.REFUSED
    return codes.DONE


def make_parser(verb: Verb, environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """The parser of what follows a verb."""
    parser = argparse.ArgumentParser(
        prog=" ".join(("bpmn", *verb.words)),
        description=options.summary(verb),
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    # The operation of element instances takes all that the other takes, and more.
    operation = options.OPERATION_OF[verb.of_element or verb.operation]
    _add_target(parser, operation, verb)
    for name, kind in verb.positionals.items():
        options.add_positional(parser, name, kind)
    if verb.reads_body:
        parser.add_argument(DOCUMENT, metavar="FILE", type=values.document, help="JSON; - is standard input")
    for field in _fields(verb, operation):
        if field.key not in verb.positionals and field.key not in verb.fixed:
            options.add(parser, field, environment)
    if options.places(operation.command, In.BODY):
        parser.add_argument(
            "--object",
            dest=OBJECT,
            metavar="NAME=JSON",
            type=values.business_object,
            action="append",
            help="a business object, or the fields of one that change",
        )
    shows = options.OPERATION_OF[verb.operation].result is not None
    parser.add_argument(
        "--json", action="store_true", help="print the JSON of the API" if shows else argparse.SUPPRESS
    )
    connection.add_options(parser)
    return parser


def choose_operation(verb: Verb, given: Mapping[str, Any]) -> Operation:
    """The operation that parsed arguments mean.

    Raises:
        ValueError: An option belongs to the other one.
    """
    operation = options.OPERATION_OF[verb.operation]
    if not verb.of_element:
        return operation
    other = options.OPERATION_OF[verb.of_element]
    if given[OF_ELEMENT]:
        return other
    known = {field.key for field in options.fields(operation.command)}
    for field in options.fields(other.command):
        if field.key not in known and given[field.key]:
            raise ValueError(f"{field.flag} goes with --element-instance only")
    return operation


def make_request(verb: Verb, operation: Operation, given: Mapping[str, Any]) -> Request:
    """The request that parsed arguments ask for.

    Raises:
        ValueError: They do not fit together.
    """
    found = options.document(given, [field.key for field in _fields(verb, operation)])
    found |= verb.fixed
    in_query = options.places(operation.command, In.QUERY)
    body = {name: value for name, value in found.items() if name not in in_query}
    body |= given.get(DOCUMENT) or dict(given.get(OBJECT) or ())
    repeated = {parameter for parameter in in_query if parameter in options.REPEATED}
    query = {
        name: value if name in repeated else _in_url(value)
        for name, value in found.items()
        if name in in_query
    }
    path = _path(operation, given[TARGET]) if TARGET in given else operation.path
    return Request(operation.method, path, None if operation.method == "GET" else body, query)


def _fields(verb: Verb, operation: Operation) -> list[options.Field]:
    """The fields that are options; none where a file says them all."""
    return [] if verb.reads_body else options.fields(operation.command)


def _path(operation: Operation, target: Any) -> str:
    """The path with what it names: a place, or an id of the surface's own."""
    if isinstance(target, Place):
        return operation.path.format(**target._asdict())
    return re.sub(r"{\w+}", quote(target, safe=""), operation.path)


def _add_target(parser: argparse.ArgumentParser, operation: Operation, verb: Verb) -> None:
    in_path = options.places(operation.command, In.PATH)
    if "partition" in in_path:
        parser.add_argument(
            TARGET, metavar="DATE/ID", type=whole_place, help="partition and id, as in 2030-01-01/17"
        )
    elif in_path == {"id"}:
        parser.add_argument(TARGET, metavar="ID", type=place)
    elif in_path:
        (name,) = in_path
        parser.add_argument(TARGET, metavar=name.removesuffix("Id").upper(), help="its id")
    if verb.of_element:
        parser.add_argument(
            "--element-instance",
            dest=OF_ELEMENT,
            action="store_true",
            help="DATE/ID is an element instance, not a process instance",
        )


def _in_url(value: Any) -> Any:
    """A value as a URL has it: lists of names stand in one text."""
    return ",".join(value) if isinstance(value, list) else value


def _show(verb: Verb, operation: Operation, answer: Any, *, as_json: bool) -> None:
    if operation.content_type.startswith("text/plain"):
        output.write(answer + "\n")
    elif isinstance(answer, str):
        output.write(answer)
    elif verb.content and not as_json:
        output.write(output.as_json(answer[verb.content]))
    elif answer is not None and (as_json or verb.columns):
        output.write(output.as_json(answer) if as_json else output.as_table(answer, verb.columns))

"""The verb `cost`: what a process instance of a BPMN file will cost, before it is deployed."""

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .codes import DONE, REFUSED, USAGE
from .values import file, number

if TYPE_CHECKING:
    from ..bpmn.errors import Cause
    from ..storage.meter import Bill
    from .estimate import Estimate

NOUN = "cost"
SUMMARY = "estimate what an instance of a BPMN file costs, before it is deployed"

DESCRIPTION = (
    "Estimate requests, units of DynamoDB and dollars of one process instance of a BPMN file, before it is "
    "deployed: the engine runs it, on a store that counts. What the file leaves open is assumed, and said."
)

DEFINITIONS = ("errors", "escalations", "messages", "signals", "timers")
"""Fields of a deployment that say what events wait for."""

COLUMNS: Mapping[str, str] = {
    "get": "gets",
    "batch": "batches",
    "query": "queries",
    "write": "writes",
    "txn": "transactions",
    "RU": "read_units",
    "WU": "write_units",
    "index WU": "index_units",
}
"""Of the table: heading, and field of the bill."""


def add_options(parser: argparse.ArgumentParser, *, is_asked_for: bool) -> None:
    """Its options.

    Args:
        parser: Where to.
        is_asked_for: Whether it is the verb that is called: only then the contract is loaded.
    """
    parser.add_argument("file", metavar="FILE", type=file, help="BPMN file; - is standard input")
    parser.add_argument(
        "--process-id", metavar="ID", help="BPMN id of the process, if the file has more than one"
    )
    parser.add_argument(
        "--decide",
        metavar="GATEWAY=TARGET",
        action="append",
        default=[],
        help="where an exclusive gateway goes on to; otherwise all its ways are as likely",
    )
    parser.add_argument(
        "--variables",
        metavar="BYTES",
        type=number,
        default=0,
        help="size of a process variable that is there from the start and that each worker sets anew (0)",
    )
    parser.add_argument(
        "--fed", action="store_true", help="handlers of the engine do all jobs, instead of workers over HTTP"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    if is_asked_for:
        for field in _definitions():
            from .options import add

            add(parser, field, {})


def run(parsed: argparse.Namespace) -> int:
    """Estimate and print; answers the exit code."""
    # The engine and the contract take longer to load than all that `bpmn --help` says.
    from ..bpmn.errors import InvalidModel
    from ..engine.errors import EngineError
    from . import output
    from . import rehearsal as r
    from .estimate import estimate

    try:
        process_id = _choose(r.process_ids(parsed.file), parsed.process_id)
        order = r.Order(
            parsed.file,
            process_id,
            _given(parsed),
            _decisions(parsed.decide),
            max(0, parsed.variables),
            parsed.fed,
        )
        found = estimate(order)
    except (EngineError, InvalidModel) as fault:
        title = getattr(fault, "title", None) or "failed to create process"
        output.complain_of(title, fault.detail, [_cause(cause) for cause in fault.causes])
        return REFUSED
    except r.CannotEstimate as fault:
        print(f"bpmn: cannot estimate {process_id}: {fault}", file=sys.stderr)
        return REFUSED
    except ValueError as fault:
        print(f"bpmn: {fault}", file=sys.stderr)
        return USAGE
    output.write(
        output.as_json(as_document(process_id, found)) if parsed.json else as_text(process_id, found)
    )
    return DONE


def as_document(process_id: str, found: "Estimate") -> dict[str, Any]:
    """An estimate as JSON."""
    return {
        "bpmnProcessId": process_id,
        "ways": found.ways,
        "requests": {
            kind: {"times": round(times, 4), **_counts(found.bills[kind])}
            for kind, times in found.requests.items()
        },
        "all": {"times": round(sum(found.requests.values()), 4), **_counts(found.bill)},
        "hints": round(found.hints, 4),
        "ownWriteUnits": round(found.own_units, 4),
        "dollarsPerMillion": {name: round(dollars, 2) for name, dollars in _dollars(found).items()},
        "assumptions": [*found.assumptions, *_prices()],
    }


def as_text(process_id: str, found: "Estimate") -> str:
    """An estimate as a table, dollars, and what was assumed."""
    ways = "its only way" if found.ways == 1 else f"the average of {found.ways} ways"
    rows = [["request", "times", *COLUMNS]]
    rows += [_row(kind, times, found.bills[kind]) for kind, times in found.requests.items()]
    rows.append(_row("all", sum(found.requests.values()), found.bill))
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = [f"One process instance of {process_id}, {ways}, on DynamoDB:", ""]
    for name, *cells in rows:
        numbers = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append(f"{name.ljust(widths[0])}  {numbers}".rstrip())
    lines += ["", "Dollars per million:", ""]
    lines += [f"{name:<12}{dollars:>12,.2f}" for name, dollars in _dollars(found).items()]
    lines += ["", f"The instance itself will count {found.own_units:g} write units (bpmn instance cost)."]
    lines += ["", "Assumed:", "", *(f"- {text}" for text in (*found.assumptions, *_prices()))]
    return "\n".join(lines) + "\n"


def _cause(cause: "Cause") -> dict[str, str]:
    return {"pointer": cause.pointer, "detail": cause.detail, "value": cause.value or ""}


def _row(name: str, times: float, bill: "Bill") -> list[str]:
    return [name, _text(times), *(_text(getattr(bill, field)) for field in COLUMNS.values())]


def _text(value: float) -> str:
    return f"{round(value, 2):g}" if value else ""


def _counts(bill: "Bill") -> dict[str, float]:
    names = {"indexWriteUnits" if n == "index WU" else _camel(field): field for n, field in COLUMNS.items()}
    return {name: round(getattr(bill, field), 4) for name, field in names.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _dollars(found: "Estimate") -> dict[str, float]:
    """Dollars of a million process instances, by service."""
    from ..service import prices

    # What a hint is about shares a call of Lambda with what others are about.
    calls = sum(found.requests.values()) - found.hints
    parts = {
        "DynamoDB": prices.table(found.bill.write_units, found.bill.read_units),
        "API Gateway": found.over_http * prices.API_REQUEST,
        "Lambda": prices.function(calls, calls * prices.LAMBDA_SECONDS) + prices.handling(found.hints),
        "SQS": prices.queue(found.sendings, found.hints),
    }
    return {
        name: dollars * prices.MILLION for name, dollars in (*parts.items(), ("all", sum(parts.values())))
    }


def _prices() -> list[str]:
    from ..service import prices

    return [
        f"list prices of {prices.REGION}, on demand; storage, logs and data transfer are not in it",
        "over HTTP: one request of API Gateway (REST) and one call of Lambda each; for each"
        f" {prices.LAMBDA_GB * 1024:.0f} MB and {prices.LAMBDA_SECONDS * 1000:.0f} ms, as for each fed job;"
        " what workers and handlers themselves take is not in it",
    ]


def _choose(ids: list[str], wanted: str | None) -> str:
    if wanted is None and len(ids) != 1:
        raise ValueError(f"the file has processes [{' '.join(ids)}]; --process-id says which")
    return wanted or ids[0]


def _decisions(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        gateway, equals, target = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is no decision; one looks like GATEWAY=TARGET")
        found[gateway] = target
    return found


def _definitions() -> list[Any]:
    from ..contract.commands import CreateProcess
    from .options import fields

    return [field for field in fields(CreateProcess) if field.key in DEFINITIONS]


def _given(parsed: argparse.Namespace) -> dict[str, Any]:
    return {name: vars(parsed)[name] for name in DEFINITIONS if vars(parsed).get(name)}

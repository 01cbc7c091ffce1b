"""Section g: what a condition costs, and what it costs to have expressions at all."""

import timeit
from collections.abc import Callable

from chalicelib.expressions import compile
from tests.bench.cold import Function, measure
from tests.bench.report import Report

CONDITION = 'amount > 100 and customer.tier = "gold"'
SCOPE = {"amount": 120, "customer": {"tier": "gold"}}
MICROSECONDS, MILLISECONDS = 20, 40
ROUNDS, TIMES = 2_000, 15
MODULE = Function(("chalicelib.expressions",), MILLISECONDS)


def print_expressions(report: Report) -> None:
    """Section g of the report."""
    report.section(f"(g) Expressions: `{CONDITION}`, the quickest of {TIMES} runs; import as in section f")
    report.at_most("evaluation", evaluation(), MICROSECONDS, "us")
    report.plain("compilation, once per process version", compilation(), "us", digits=0)
    _, wall, processor = measure(MODULE)
    report.at_most("import", processor, MILLISECONDS, "ms", digits=0)
    report.plain("import, on the clock", wall, "ms", digits=0)


def evaluation() -> float:
    """Microseconds of one evaluation."""
    expression = compile(CONDITION)
    return _microseconds(lambda: expression.evaluate(SCOPE), ROUNDS)


def compilation() -> float:
    """Microseconds of one compilation."""
    return _microseconds(lambda: compile(CONDITION), ROUNDS // 20)


def _microseconds(use: Callable[[], object], rounds: int) -> float:
    return min(timeit.repeat(use, number=rounds, repeat=TIMES)) / rounds * 1e6

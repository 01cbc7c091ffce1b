"""The syntax tree of an expression: frozen tuples, one kind per meaning. Source: DMN 1.5, 10.3.1.2.

They are named tuples instead of dataclasses, which take ten times as long to import.
"""

from typing import Any, NamedTuple


class Literal(NamedTuple):
    """A value that the text says: number, string, boolean, null, `@"..."`."""

    value: Any


class Name(NamedTuple):
    """A name to look up."""

    name: str


class Path(NamedTuple):
    """`base.name`."""

    base: "Node"
    name: str


class Filter(NamedTuple):
    """`base[test]`, also with an index."""

    base: "Node"
    test: "Node"


class Index(NamedTuple):
    """`base[key]` of `${...}`: a key of a context, or an index from 0."""

    base: "Node"
    key: "Node"


class Call(NamedTuple):
    """An invocation; `names` of the arguments, or None where they go by position."""

    function: "Node"
    arguments: tuple["Node", ...]
    names: tuple[str, ...] | None


class BuiltinCall(NamedTuple):
    """An invocation of a built-in function by its name."""

    name: str
    arguments: tuple["Node", ...]
    names: tuple[str, ...] | None


class Arithmetic(NamedTuple):
    """A chain from left to right: `first`, then pairs of operator and operand."""

    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]


class Negation(NamedTuple):
    """`-operand`."""

    operand: "Node"


class Comparison(NamedTuple):
    """`left operator right` with one of `= != < <= > >=`."""

    operator: str
    left: "Node"
    right: "Node"


class Between(NamedTuple):
    """`value between low and high`."""

    value: "Node"
    low: "Node"
    high: "Node"


class In(NamedTuple):
    """`value in tests`."""

    value: "Node"
    tests: tuple["Node", ...]


class Tests(NamedTuple):
    """Unary tests about `?`: any of them, or with `negated` none."""

    tests: tuple["Node", ...]
    negated: bool


class Logic(NamedTuple):
    """A chain of `and` or of `or`."""

    operator: str
    parts: tuple["Node", ...]


class If(NamedTuple):
    """`if condition then yes else no`."""

    condition: "Node"
    yes: "Node"
    no: "Node"


class For(NamedTuple):
    """`for name in domain, ... return body`; a domain with two ends is an iteration from one to the other."""

    names: tuple[str, ...]
    domains: tuple["Node", ...]
    body: "Node"


class Steps(NamedTuple):
    """`first..last` of a `for`, in steps of one, up or down."""

    first: "Node"
    last: "Node"


class Quantified(NamedTuple):
    """`some` or `every`."""

    kind: str
    names: tuple[str, ...]
    domains: tuple["Node", ...]
    test: "Node"


class Interval(NamedTuple):
    """A range; None is an end that is open to infinity, as in `> 5`."""

    low: "Node | None"
    high: "Node | None"
    low_included: bool
    high_included: bool


class ListOf(NamedTuple):
    """`[a, b]`."""

    items: tuple["Node", ...]


class ContextOf(NamedTuple):
    """`{a: 1, b: a + 1}`."""

    keys: tuple[str, ...]
    values: tuple["Node", ...]


class FunctionOf(NamedTuple):
    """`function(a: number, b) body`; an external one has no body here."""

    parameters: tuple[str, ...]
    types: tuple["Type", ...]
    body: "Node | None"


class InstanceOf(NamedTuple):
    """`value instance of type`."""

    value: "Node"
    type: "Type"


class Type(NamedTuple):
    """A type: its name, and what it is made of; `fields` are the names of a context's entries."""

    name: str
    of: tuple["Type", ...] = ()
    fields: tuple[str, ...] = ()


class Candidate(NamedTuple):
    """Tokens that could be one name instead of an operation.

    Attributes:
        at: Index of its first token.
        end: Index after its last token.
        spellings: The name without and with the white space around its symbols.
        base: What it would be an entry of; None: it is looked up.
    """

    at: int
    end: int
    spellings: tuple[str, ...]
    base: "Node | None"


class Ambiguous(NamedTuple):
    """A node with candidates, from left to right, the longest first; the first one that is there decides.

    Attributes:
        node: What is meant if there is none of them.
        candidates: The names it could be about.
        reread: Parses the same tokens again, with the candidate of that index taken.
    """

    node: "Node"
    candidates: tuple[Candidate, ...]
    reread: Any


class Template(NamedTuple):
    """Text and expressions between, joined to one string."""

    parts: tuple["Node", ...]


class Empty(NamedTuple):
    """`empty operand` of `${...}`."""

    operand: "Node"


class Not(NamedTuple):
    """`!operand` of `${...}`."""

    operand: "Node"


Node = (
    Literal
    | Name
    | Path
    | Filter
    | Index
    | Call
    | BuiltinCall
    | Arithmetic
    | Negation
    | Comparison
    | Between
    | In
    | Tests
    | Logic
    | If
    | For
    | Steps
    | Quantified
    | Interval
    | ListOf
    | ContextOf
    | FunctionOf
    | InstanceOf
    | Ambiguous
    | Template
    | Empty
    | Not
)

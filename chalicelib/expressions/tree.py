"""The syntax tree of an expression: frozen records, one kind per meaning. Source: DMN 1.5, 10.3.1.2.

They are no dataclasses, which write and compile code for each class and take ten times as long to import.
"""

from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Tree:
    """A frozen record; its fields are its annotations, in their order."""

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)

    def __init__(self, *values: Any) -> None:
        """Take the values of the fields; those that are left out have a default."""
        self.__dict__.update(zip(self._fields, values, strict=False))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(repr(getattr(self, name)) for name in self._fields)
        return f"{type(self).__name__}({fields})"


class Literal(Tree):
    """A value that the text says: number, string, boolean, null, `@"..."`."""

    value: Any


class Name(Tree):
    """A name to look up."""

    name: str


class Path(Tree):
    """`base.name`."""

    base: "Node"
    name: str


class Filter(Tree):
    """`base[test]`, also with an index."""

    base: "Node"
    test: "Node"


class Index(Tree):
    """`base[key]` of `${...}`: a key of a context, or an index from 0."""

    base: "Node"
    key: "Node"


class Call(Tree):
    """An invocation; `names` of the arguments, or None where they go by position."""

    function: "Node"
    arguments: tuple["Node", ...]
    names: tuple[str, ...] | None


class BuiltinCall(Tree):
    """An invocation of a built-in function by its name."""

    name: str
    arguments: tuple["Node", ...]
    names: tuple[str, ...] | None


class Arithmetic(Tree):
    """A chain from left to right: `first`, then pairs of operator and operand."""

    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]


class Negation(Tree):
    """`-operand`."""

    operand: "Node"


class Comparison(Tree):
    """`left operator right` with one of `= != < <= > >=`."""

    operator: str
    left: "Node"
    right: "Node"


class Between(Tree):
    """`value between low and high`."""

    value: "Node"
    low: "Node"
    high: "Node"


class In(Tree):
    """`value in tests`."""

    value: "Node"
    tests: tuple["Node", ...]


class Tests(Tree):
    """Unary tests about `?`: any of them, or with `negated` none."""

    tests: tuple["Node", ...]
    negated: bool


class Logic(Tree):
    """A chain of `and` or of `or`."""

    operator: str
    parts: tuple["Node", ...]


class If(Tree):
    """`if condition then yes else no`."""

    condition: "Node"
    yes: "Node"
    no: "Node"


class For(Tree):
    """`for name in domain, ... return body`; a domain with two ends is an iteration from one to the other."""

    names: tuple[str, ...]
    domains: tuple["Node", ...]
    body: "Node"


class Steps(Tree):
    """`first..last` of a `for`, in steps of one, up or down."""

    first: "Node"
    last: "Node"


class Quantified(Tree):
    """`some` or `every`."""

    kind: str
    names: tuple[str, ...]
    domains: tuple["Node", ...]
    test: "Node"


class Interval(Tree):
    """A range; None is an end that is open to infinity, as in `> 5`."""

    low: "Node | None"
    high: "Node | None"
    low_included: bool
    high_included: bool


class ListOf(Tree):
    """`[a, b]`."""

    items: tuple["Node", ...]


class ContextOf(Tree):
    """`{a: 1, b: a + 1}`."""

    keys: tuple[str, ...]
    values: tuple["Node", ...]


class FunctionOf(Tree):
    """`function(a: number, b) body`; an external one has no body here."""

    parameters: tuple[str, ...]
    types: tuple["Type", ...]
    body: "Node | None"


class InstanceOf(Tree):
    """`value instance of type`."""

    value: "Node"
    type: "Type"


class Type(Tree):
    """A type: its name, and what it is made of; `fields` are the names of a context's entries."""

    name: str
    of: tuple["Type", ...] = ()
    fields: tuple[str, ...] = ()


class Candidate(Tree):
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


class Ambiguous(Tree):
    """A node with candidates, from left to right, the longest first; the first one that is there decides.

    Attributes:
        node: What is meant if there is none of them.
        candidates: The names it could be about.
        reread: Parses the same tokens again, with the candidate of that index taken.
    """

    node: "Node"
    candidates: tuple[Candidate, ...]
    reread: Any


class Template(Tree):
    """Text and expressions between, joined to one string."""

    parts: tuple["Node", ...]


class Empty(Tree):
    """`empty operand` of `${...}`."""

    operand: "Node"


class Not(Tree):
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

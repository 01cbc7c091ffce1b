"""What can be wrong with an expression.

InvalidExpression
    the text is no expression; known when it is compiled
TooMuch
    the evaluation exceeds a limit
Undefined
    inside of the package only: a value is outside of the domain; the result is null, the reason a warning
"""


class InvalidExpression(Exception):
    """A text that is no expression.

    Attributes:
        fact: What is wrong, without the place: `expected ) and found then`.
        line: Line of the text, from 1.
        column: Column of the line, from 1.
    """

    def __init__(self, fact: str, text: str, at: int) -> None:
        """Find the place of an offset in the text."""
        before = text[:at]
        self.fact = fact
        self.line = before.count("\n") + 1
        self.column = at - (before.rfind("\n") + 1) + 1
        place = f"line {self.line}, column {self.column}" if "\n" in text else f"column {self.column}"
        super().__init__(f"{fact} at {place}")


class TooMuch(Exception):
    """An evaluation that takes more steps, or makes larger values, than a limit allows."""


class Undefined(Exception):
    """The operation has no value; its text is the reason.

    Source: DMN 1.5, 10.3.2.16 Error handling.
    """

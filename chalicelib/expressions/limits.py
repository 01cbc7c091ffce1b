"""How much an expression may be, do and make. Each limit is far above what a model needs."""

TEXT = 20_000
"""Characters of an expression."""
DEPTH = 64
"""How deep the text may nest: brackets, `if` in `if`, one thing after another such as `a.b.c`."""
NAME_TOKENS = 9
"""Words and symbols of a name that could also be an operation, `gross-amount`."""
STEPS = 200_000
"""Work of one evaluation; a step is about one operation of the text, or one item that a built-in looks at."""
CALLS = 64
"""How deep functions of the expression may call each other."""
ITEMS = 50_000
"""Items of a list that is made."""
CHARACTERS = 500_000
"""Characters of a string that is made."""
VALUE_DEPTH = 100
"""How deep lists and contexts may nest in a value."""
VALUE_SIZE = 100_000
"""Values in a value that goes in or out."""
WARNINGS = 20
"""Reasons that are kept of one evaluation."""
PATTERN = 1_000
"""Characters of a regular expression."""
PATTERN_WORK = 100_000_000
"""Steps that a regular expression could take at worst, by its repetitions and the size of the input."""
VARIANTS = 16
"""Readings of one piece of text, by the names that there are, that are kept compiled."""

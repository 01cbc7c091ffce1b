"""The command `bpmn`."""

import sys
from collections.abc import Sequence

from .overview import parser
from .verbs import find


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; answers the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    verb = find(words)
    if verb is None:
        parsed = parser(words).parse_args(words)
        return int(parsed.run(parsed))
    # Only verbs need the contract; it takes longer to load than all that `bpmn --help` says.
    from .operate import operate

    return operate(verb, words[len(verb.words) :])

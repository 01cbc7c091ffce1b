"""What `bpmn` and `bpmn NOUN` say of themselves, and the parser of what is no verb of an engine."""

import argparse
from collections.abc import Sequence

from .. import __version__
from . import cost, encryption_key, key, serve, worker
from .codes import MEANINGS
from .verbs import Verb, nouns

EXIT_CODES = "exit codes:\n" + "".join(f"  {code}  {meaning}\n" for code, meaning in MEANINGS.items())


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of all but the verbs themselves; only the noun that `words` begin with is complete."""
    top = argparse.ArgumentParser(
        prog="bpmn",
        description="A BPMN 2.0 process engine that scales to zero.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"bpmn {__version__}")
    verbs = top.add_subparsers(title="verbs", required=True, metavar="VERB")
    served = verbs.add_parser(
        "serve",
        help=serve.SUMMARY,
        description="Run the engine on this machine. Every option is also an environment variable.",
    )
    serve.add_options(served)
    served.set_defaults(run=serve.run)
    cost.add_options(
        verbs.add_parser(cost.NOUN, help=cost.SUMMARY, description=cost.DESCRIPTION),
        is_asked_for=list(words[:1]) == [cost.NOUN],
    )
    encryption_key.add_verbs(verbs.add_parser(encryption_key.NOUN, help="create"))
    _add_worker(verbs.add_parser(worker.NOUN, help="run"), is_asked_for=words[:1] == [worker.NOUN])
    keys = verbs.add_parser(key.NOUN, help=", ".join(key.VERBS))
    if words[:1] == [key.NOUN]:
        key.add_verbs(keys)
    for noun, rows in nouns().items():
        _add_noun(verbs, noun, rows, is_asked_for=words[:1] == [noun])
    return top


def _add_worker(parser: argparse.ArgumentParser, *, is_asked_for: bool) -> None:
    if is_asked_for:
        worker.add_verbs(parser)


def _add_noun(
    nouns: "argparse._SubParsersAction[argparse.ArgumentParser]",
    noun: str,
    rows: Sequence[Verb],
    *,
    is_asked_for: bool,
) -> None:
    names = ", ".join(row.name for row in rows if row.name)
    parser = nouns.add_parser(noun, help=names or "ask whether the engine can work")
    if not is_asked_for or not names:
        return
    # The contract takes longer to load than all that `bpmn --help` says.
    from .options import summary

    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for row in rows:
        verbs.add_parser(row.name, help=summary(row))

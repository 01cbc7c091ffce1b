"""docs/cli.md: its tables come from the table of verbs and the exit codes, its examples are run by a test."""

from chalicelib.cli import codes, connection
from chalicelib.cli.options import DEFAULTS, summary
from chalicelib.cli.verbs import VERBS

INTRODUCTION = """# The command line

`bpmn NOUN VERB` operates a running engine, here or elsewhere; `bpmn serve` runs one. Each verb is one call of
the API, and its options are the fields of that call: `processInstanceId` is `--process-instance-id`, `tags`
is `--tag`, once per tag. `bpmn NOUN VERB --help` lists them. This page is written by `make docs`.
"""

EXAMPLE = r"""```sh
bpmn cost order-fulfilment.bpmn --decide isInStock=startFulfilment --variables 500
bpmn process create order-fulfilment.bpmn --bpmn-process-id orderFulfilment --version 1 --tag team=sales
bpmn instance create --bpmn-process-id orderFulfilment --version 1 --tag shop=web \
  --variable order='{"item": "teapot", "quantity": 1}'
bpmn instance query --tag shop=web --limit 10
bpmn element-instance query --process-instance-id $INSTANCE --state STARTED
bpmn variable set $INSTANCE priority=3 note:text='call first' picture:base64=@picture.txt
bpmn variable delete $INSTANCE note
bpmn instance suspend $INSTANCE
bpmn instance resume $INSTANCE
bpmn job lock --process-instance-id $INSTANCE --limit 5
bpmn job complete $JOB --element-variable receipt='"4711"'
bpmn variable get $INSTANCE order --json
bpmn incident query --process-instance-id $INSTANCE
```
"""

NOTES = """- Records of an instance are named by partition and id, `2030-01-01/17`. Tables show them so;
  where an option takes such an id, the partition may stand before it.
- Variables are `NAME=JSON`, `NAME:ENCODING=VALUE` for other text, `NAME=@FILE` for what a file says.
  `NAME:ENCODING:encrypted=VALUE` is kept encrypted; `ELEMENT/NAME=JSON` is a variable at the scope of an
  element.
- `bpmn encryption-key create KMS-KEY` calls no engine: it asks AWS KMS for an encryption key and prints it
  encrypted, as an entry of `BPMN_ENCRYPTION_KEYS`.
- `bpmn cost FILE` calls no engine either: it runs the file on a store that counts, and prints what a process
  instance will cost on AWS, request by request, and all that it assumes. Faults of the model are answered as
  a deployment answers them.
- `bpmn worker run MODULE` is a program that goes on: it does jobs with handlers in Python, see
  [workers.md](workers.md).
- `bpmn key create`, `list` and `revoke` call no engine either: they read and write API keys straight on the
  store of the settings, see [security.md](security.md).
- A file is `-` for standard input.
- Answers are tables: times in UTC, a dash for what does not exist, nothing cut. `--json` prints the JSON of
  the API; it is the form for scripts. Verbs without an answer print nothing.
"""


def page() -> str:
    """What the page must say."""
    return "\n".join(
        [
            INTRODUCTION,
            EXAMPLE,
            NOTES,
            "## Verbs\n",
            _table(("Verb", "Operation", "What it does"), _verbs()),
            "## Engine and credentials\n",
            _table(("Environment", "Option", "Default"), _environment()),
            "Options go before the environment; there, an API key goes before a password.\n",
            "## Exit codes\n",
            _table(("Code", "Meaning"), [(str(code), text) for code, text in codes.MEANINGS.items()]),
            "A refusal goes to standard error as `title: detail`, each of its causes on a line of its own.\n",
        ]
    )


def _verbs() -> list[tuple[str, ...]]:
    return [
        (
            f"`bpmn {' '.join(verb.words)}`",
            ", ".join(f"`{name}`" for name in (verb.operation, verb.of_element) if name),
            summary(verb),
        )
        for verb in VERBS
    ]


def _environment() -> list[tuple[str, ...]]:
    worker, default = DEFAULTS["workerId"]
    return [
        (f"`{connection.ADDRESS}`", "`--address`", f"`{connection.DEFAULT_ADDRESS}`"),
        (f"`{connection.API_KEY}`", "`--api-key`", "-"),
        (f"`{connection.BASIC_AUTH}`", "`--basic-auth`", "-"),
        (f"`{worker}`", "`--worker-id`", f"`{default}`"),
    ]


def _table(heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)

"""The page `docs/cost.md`: what the meter counts. No time is on it, so every run writes the same page."""

import io

from tests.bench.costs import print_costs
from tests.bench.report import Report

INTRODUCTION = """\
# What it costs

Written by `python -m tests.bench --write docs/cost.md`; a test compares it. The numbers are computed from
item sizes, as DynamoDB bills them: a write unit per started KB, twice in a transaction, one more for each
index entry that appears or goes, two where its key changes; a read unit per started 4 KB, half of one for
an index. Failed conditions are billed too. `make bench-dynoxide` carries out the same commands on an
independent DynamoDB and compares its consumed capacity with these numbers, command by command.

- **get, batch, query, write, txn, count**: requests of each kind to the table (`count`: the counter of ids).
- **RU, WU**: read and write units, indexes included; **index WU**: what the indexes take of them.
- **table**: DynamoDB on demand, $0.625 per million write units and $0.125 per million read units.
- **front**: API Gateway REST at $3.50 per million requests, Lambda at $0.20 and $0.0000166667 per GB-second.

- **fed**: SQS standard queues at $0.40 per million requests; a sending, and a tenth of a request to receive a
  hint and another one to delete it. Lambda is called once for ten hints.

A process instance counts its own units: `bpmn instance cost`. `bpmn cost model.bpmn` says what an instance of
your own model will cost, by the same arithmetic.

Storage and logs are not in it, nor the sweep, which is one call of Lambda a minute for the whole engine, nor
the empty requests of Lambda for messages of an idle queue. `make bench` prints these tables, and beside them
processor time, growth, throughput and cold starts of the machine it runs on.
"""


def page() -> str:
    """All of `docs/cost.md`."""
    text = io.StringIO()
    print_costs(Report(text))
    return f"{INTRODUCTION}\n```text\n{text.getvalue().strip()}\n```\n"

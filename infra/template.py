"""The CloudFormation template: what is merged into Chalice's, and what merging cannot do."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent

Template = dict[str, Any]

QUEUES = {"Feed": "Work", "DeadLetters": "Bury"}
"""The function that takes from each queue."""

TIMES_OUT = 6
"""Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS": a queue's visibility timeout is at
least six times the time-out of its function, so that nobody takes up what is still being worked on."""


def additions(stage: str) -> Template:
    """What is merged into the template that Chalice makes: the stack, its tables, what is the stage's own."""
    result: Template = yaml.safe_load((HERE / "stack.yaml").read_text(encoding="utf-8"))
    result = merge(json.loads((HERE / "tables.json").read_text(encoding="utf-8")), result)
    of_stage = HERE / f"{stage}.yaml"
    if of_stage.exists():
        result = merge(result, yaml.safe_load(of_stage.read_text(encoding="utf-8")))
    return result


def finish(template: Mapping[str, Any]) -> Template:
    """The final template, of Chalice's merged one.

    Raises:
        ValueError: Something was added to a resource that Chalice has not made.
    """
    result = copy.deepcopy(dict(template))
    resources = result["Resources"]
    if orphans := sorted(name for name, resource in resources.items() if "Type" not in resource):
        raise ValueError(f"infra/stack.yaml adds to {', '.join(orphans)}, which app.py does not have")
    for queue, function in QUEUES.items():
        timeout = resources[function]["Properties"]["Timeout"]
        resources[queue]["Properties"]["VisibilityTimeout"] = TIMES_OUT * timeout
    return result


def merge(base: Any, over: Any) -> Any:
    """Lay one structure over another as Chalice does: mappings are merged, anything else replaces."""
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: merge(base.get(key), value) for key, value in over.items()}
    return over

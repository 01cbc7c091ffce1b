"""docs/cli.md: its examples work as they stand, and its tables are those of the command."""

import re
import shutil
from pathlib import Path
from string import Template

import pytest

from tests.cli import page
from tests.cli.terminal import Terminal, place

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "docs" / "examples" / "order-fulfilment" / "order-fulfilment.bpmn"


def test_page_is_fresh():
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == page.page(), "run `make docs`"


def test_examples_work_one_after_the_other(bpmn: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(MODEL, tmp_path)
    (tmp_path / "picture.txt").write_text("cGljdHVyZQ==")
    commands = page.EXAMPLE.replace("\\\n", "")
    lines = re.findall(r"^bpmn (.+)$", commands, re.M)
    known: dict[str, str] = {}

    for line in lines:
        bpmn.done(Template(line).substitute(known))
        if line.startswith("instance create"):
            known["INSTANCE"] = place(bpmn.json("instance query --tag shop=web")["results"][0])
        if line.startswith("job lock"):
            query = f"job query --process-instance-id {known['INSTANCE']}"
            known["JOB"] = place(bpmn.json(query)["results"][0])

    assert len(lines) == len(commands.splitlines()) - 2
    names = [v["name"] for v in bpmn.json(f"variable get {known['INSTANCE']}")["variables"]]
    assert names == ["inStock", "order", "packingSlip", "picture", "priority"]
    assert bpmn.json(f"job query --id {known['JOB']}")["results"][0]["state"] == "DONE"

"""docs/deploy.md: its commands can be read by the shell, and `make e2e` leaves none of them out."""

import re
import subprocess

from tests.e2e import page
from tests.e2e.cloud import ROOT


def test_shell_can_read_every_command() -> None:
    script = "\n".join(page.sections().values())

    assert subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True).stderr == ""


def test_every_section_is_walked() -> None:
    walk = (ROOT / "tests" / "e2e" / "__main__.py").read_text(encoding="utf-8")

    assert {*re.findall(r'read\(cloud, "(.+?)"[,)]', walk), page.NAMES} == page.sections().keys()


def test_parameters_of_the_page_are_those_of_the_stack() -> None:
    stack = (ROOT / "infra" / "stack.yaml").read_text(encoding="utf-8")
    named = re.findall(r"--parameter-overrides ([^`\n]+)", page.PAGE.read_text(encoding="utf-8"))

    names = {word.partition("=")[0] for words in named for word in words.split() if "=" in word}
    assert len(names) > 2
    assert all(f"\n  {name}:\n    Type:" in stack for name in names)

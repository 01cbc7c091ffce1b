"""The commands of docs/deploy.md, section by section, as a reader would type them."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
NAMES = "Names"
"""The section that every other one needs."""


def sections() -> Mapping[str, str]:
    """The shell commands by heading, without headings that have none."""
    _, *parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)
    found = {part.partition("\n")[0]: re.findall(r"^```sh\n(.*?)^```", part, re.M | re.S) for part in parts}
    return {heading: "".join(blocks) for heading, blocks in found.items() if blocks}


def run(heading: str, environment: Mapping[str, str], before: str = "", after: str = "") -> str:
    """Run the commands of a section in one shell, shown as they run; answers what `after` prints.

    Raises:
        subprocess.CalledProcessError: One of them failed.
    """
    commands = sections()
    script = "\n".join([before, commands[NAMES], "set -x", commands[heading], "set +x", "exec >&3", after])
    # What the commands print is for people to see, and what `after` prints is for us.
    command = ["bash", "-euo", "pipefail", "-c", f"exec 3>&1 >&2\n{script}"]
    done = subprocess.run(command, env=environment, cwd=PAGE.parents[1], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()

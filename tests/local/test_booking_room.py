"""The example of the Process Runtime runs as its page says."""

import subprocess
import sys
from pathlib import Path

WALK = Path(__file__).parents[2] / "docs/examples/booking-room/walk.py"


def test_room_is_booked():
    ended = subprocess.run([sys.executable, WALK], capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("  the room is booked\n")

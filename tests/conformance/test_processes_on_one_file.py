"""Several processes on one sqlite file."""

import subprocess
import sys
from pathlib import Path

from chalicelib.contract import commands as c
from chalicelib.storage.sqlite import SqliteItems
from tests.clock import Clock
from tests.models import sequence
from tests.play import Engine

JOBS = 1000
ROOT = Path(__file__).parents[2]

LOCKER = """
import sys
from chalicelib import wiring
from chalicelib.contract.commands import LockJobs
from chalicelib.service.execute import execute
from chalicelib.settings import Settings

env = wiring.build(Settings(data=sys.argv[1]))
worker = sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
while jobs := execute(LockJobs(limit=7, workerId=worker), env)["jobs"]:
    for job in jobs:
        print(job["id"], job["lockedBy"])
env.store.close()
"""


def test_two_processes_lock_a_thousand_jobs_without_a_double(tmp_path: Path) -> None:
    file = tmp_path / "bpmn.db"
    engine = Engine(SqliteItems(file), clock=Clock("2025-01-01T00:00:00Z"))
    process = engine.deploy_xml(sequence("one", 1))
    for _ in range(JOBS):
        engine.start(process)

    lockers = [
        subprocess.Popen(
            [sys.executable, "-c", LOCKER, str(file), worker],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for worker in ("a", "b")
    ]
    for locker in lockers:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "ready\n"
    for locker in lockers:
        assert locker.stdin is not None
        locker.stdin.write("go\n")
        locker.stdin.flush()
    outputs = [locker.communicate(timeout=60)[0] for locker in lockers]

    locked = [line.split() for output in outputs for line in output.splitlines()]
    assert len(locked) == JOBS
    assert len({job for job, _ in locked}) == JOBS
    assert {worker for _, worker in locked} == {"a", "b"}
    assert {job["state"] for job in engine.send(c.QueryJobs(limit=JOBS))["results"]} == {"LOCKED"}
    engine.items.close()

"""Job handlers as a user writes them."""

import threading

from chalicelib.sdk.worker import BpmnError, Job, Worker

worker = Worker()
calls: list[str] = []
all_done = threading.Event()


@worker.job("tenTasksTest", "serviceTask1")
def first(job: Job, amount: int) -> dict[str, int]:
    calls.append(f"first {amount}")
    return {"amount": amount + 1}


@worker.job("tenTasksTest", "serviceTask2", retries=0)
def second(job: Job, amount: int) -> None:
    calls.append(f"second {amount}")
    all_done.set()
    raise BpmnError("nobody catches it")


@worker.job("flow", "s0")
def in_microflow(job: Job, Order: dict[str, int]) -> dict[str, object]:
    calls.append(f"{job.seconds_left:.0f} seconds left")
    if Order["quantity"] < 0:
        raise ValueError("less than nothing")
    return {"Total": {"amount": Order["quantity"] * 3}}

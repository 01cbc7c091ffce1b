"""A worker for the order-fulfilment process: the one task that the model cannot do by itself.

`bpmn worker run worker`, in this directory, polls an engine for its jobs; with `BPMN_HANDLERS=worker` an
engine feeds them.
"""

from decimal import Decimal
from typing import Annotated

from chalicelib.sdk.worker import Completion, Job, Variable, Worker

worker = Worker()


@worker.job(work_type="charge-card")
def charge_card(job: Job, amount: Annotated[Decimal, Variable(of_element=True)]) -> Completion:
    """A real shop would call its bank here, once per `job.idempotency_key`.

    `amount` is an input of the task, `receipt` is for its output; both stay at the element.
    """
    receipt = f"{amount} {job.headers['currency']} for order {job.process_instance_id}"
    return Completion(element_variables={"receipt": receipt})

"""A worker for the order-fulfilment process: what each job means, and nothing about how jobs come and go.

`bpmn worker run worker`, in this directory, polls an engine for them; with `BPMN_HANDLERS=worker` an engine
feeds them.
"""

from pydantic import BaseModel

from chalicelib.sdk.worker import Completion, Job, Worker

ON_THE_SHELF = 10
"""Parcels of every item in stock; an order for more has to wait."""

PROCESS = "orderFulfilment"

worker = Worker()


class Order(BaseModel):
    """What a customer has asked for, the process variable `order`."""

    item: str
    quantity: int


@worker.job(PROCESS, "checkStock")
def check_stock(job: Job, order: Order) -> dict[str, bool]:
    """Look at the shelf."""
    return {"inStock": order.quantity <= ON_THE_SHELF}


@worker.job(PROCESS, "isInStock")
def decide_is_in_stock(job: Job, inStock: bool) -> Completion:
    """Answer the gateway: name the element where the token goes on."""
    return Completion(exclusive_gateway_decision="startFulfilment" if inStock else "sendBackOrderNotice")


@worker.job(PROCESS, "chooseCarrier")
def choose_carrier(job: Job, order: Order) -> dict[str, str]:
    """Small parcels go by letter post."""
    return {"carrier": "letter post" if order.quantity == 1 else "courier"}


@worker.job(PROCESS, "chargeCard")
@worker.job(PROCESS, "writePackingSlip")
@worker.job(PROCESS, "sendShippingNotice")
@worker.job(PROCESS, "sendBackOrderNotice")
def pretend(job: Job) -> None:
    """A real shop would call somebody here, once per `job.idempotency_key`."""

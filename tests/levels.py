"""Three process instances that call each other, down to the last: top, middle, bottom."""

from tests.play import Engine, Order

LEVELS = "call-activity/three-levels.bpmn"


def top(engine: Engine) -> Order:
    """The first one, which has called nothing yet; what it will call is deployed with a queue each."""
    for called in ("middleTest", "bottomTest"):
        engine.deploy(LEVELS, called, parallelism=1)
    return engine.start(engine.deploy(LEVELS, "topTest"))


def bottom(engine: Engine) -> Order:
    """The last one, called by the second one, which the first one has called."""
    first = top(engine)
    first.complete_job("callMiddle")
    middle = first.called("callMiddle")
    middle.complete_job("callBottom")
    return middle.called("callBottom")

"""Due tasks of an instance, run when the executor or a caller asks."""

from collections.abc import Callable

from . import due
from .instance import ProcessInstance
from .loop import run
from .records import Instant, Task
from .step import Step


def due_tasks(instance: ProcessInstance, now: Instant, wanted: Callable[[Task], bool]) -> list[Task]:
    """The tasks that can be run now, earliest due first."""
    tasks = [
        task
        for task in instance.tasks.values()
        if task.completed_at is None and task.due_at <= now and wanted(task)
    ]
    return sorted(tasks, key=lambda task: (task.due_at, task.id))


def execute(step: Step, task: Task) -> None:
    """Run one due task and move the tokens that it sets free."""
    due.execute(step, task)
    run(step)

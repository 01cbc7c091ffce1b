"""What modelers add to the elements of BPMN, whatever their dialect.

Where each of it is written, and what it means here, stands in `dialects.ROWS`.
"""

from dataclasses import dataclass


def is_expression(text: str) -> bool:
    """Whether a text of a modeler is an expression and not itself what is meant: `=amount`, `${amount}`."""
    return text.lstrip().startswith("=") or "${" in text or "#{" in text


def literal(text: str | None) -> str | None:
    """A text that means itself; None for an expression, or where there is none."""
    return None if text is None or is_expression(text) else text


Pairs = tuple[tuple[str, str], ...]
"""Names and texts, in document order."""


@dataclass(frozen=True, slots=True)
class Extension:
    """What a modeler adds to an element, whatever its dialect; `dialects.ROWS` says where each is written.

    Texts are kept as they are written: each may be an expression (`is_expression`).

    Attributes:
        work_type: What kind of worker does the work.
        retries: How often a failed job is tried again: a number, or `R3/PT10S` with the pause between two.
        headers: What the model says to the worker.
        inputs: Target and source of each variable that is made for the element.
        outputs: Target and source of each variable that is made when it is done.
        called_process: What a call activity calls, if `Element.called_element` does not say it.
        called_binding: Which version: `latest`, `deployment`, `version` or `versionTag`.
        called_version: The version, or the version tag.
        called_key: Correlation key of what is called.
        passes_all_in: `true` or `false`: whether what is called gets all variables.
        passes_all_out: `true` or `false`: whether all of its variables come back.
        called_inputs: Target and source of each variable that what is called gets.
        called_outputs: Target and source of each variable that comes back.
        correlation_key: Of the message that an event waits for.
        assignee: Who does a user task.
        candidate_users: Who may do it, separated by commas.
        candidate_groups: Groups whose members may do it, separated by commas.
        due_date: When it should be done.
        follow_up_date: When somebody should look at it.
        priority: A number; more is more urgent.
        form_key: Its form, by name.
        form_id: Its form, by id.
        script: What a script task does.
        script_format: In which language.
        result_variable: Where the result of a script or a decision goes.
        decision: Id of the decision of a business rule task.
        properties: Properties by name; what some of them mean stands in docs/surfaces.md.
        documentation: What the element is about; of user tasks only.
    """

    work_type: str | None = None
    retries: str | None = None
    headers: Pairs = ()
    inputs: Pairs = ()
    outputs: Pairs = ()
    called_process: str | None = None
    called_binding: str | None = None
    called_version: str | None = None
    called_key: str | None = None
    passes_all_in: str | None = None
    passes_all_out: str | None = None
    called_inputs: Pairs = ()
    called_outputs: Pairs = ()
    correlation_key: str | None = None
    assignee: str | None = None
    candidate_users: str | None = None
    candidate_groups: str | None = None
    due_date: str | None = None
    follow_up_date: str | None = None
    priority: str | None = None
    form_key: str | None = None
    form_id: str | None = None
    script: str | None = None
    script_format: str | None = None
    result_variable: str | None = None
    decision: str | None = None
    properties: Pairs = ()
    documentation: str | None = None

    def property(self, name: str) -> str | None:
        """A property by name; of several with one name the first counts."""
        return next((value for key, value in self.properties if key == name), None)


NOTHING_ADDED = Extension()
"""Of most elements."""

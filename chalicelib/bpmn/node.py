"""An XML element as the parser hands it to the reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Node:
    """An XML element of the BPMN model, its name freed from namespace and prefix.

    Attributes:
        tag: Local name.
        attributes: Values by name; names with a declared prefix are spelled `{namespace}name`.
        children: Elements of the model inside of it, in document order.
        extensions: What a known dialect adds; their tags are spelled `zeebe:taskDefinition`.
        text: Text after its last child, for a leaf the whole text; untrimmed.
    """

    tag: str
    attributes: Mapping[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""
    extensions: list["Node"] = field(default_factory=list)

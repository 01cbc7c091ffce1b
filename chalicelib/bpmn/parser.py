"""BPMN XML -> processes, safely and leniently; what the nodes mean stands in `reader`.

Nothing is loaded, expanded or guessed: no document type declaration, no entities, no network, bounded size,
depth and number of elements. What BPMN files in the wild get wrong is read all the same: a missing model
namespace, any prefix, a prefix that is not declared. Elements of other namespaces (diagram, vendor
extensions) are left out, but for the dialects that `dialects` knows.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.parsers import expat

from lxml import etree

from .dialects import NAMESPACES
from .errors import Cause, InvalidModel
from .model import Process
from .node import Node
from .reader import DOCUMENTATION, EXTENSIONS, SKIPPED, read_processes

MAX_BYTES = 5 * 1024**2
"""Size of the XML. Source: engine-semantics, section 1, body rules: deployments 5 MiB."""

MAX_DEPTH = 100
"""Levels of elements; deep enough for sub-processes in sub-processes of any real model."""

MAX_ELEMENTS = 100_000
"""Elements in the file, diagram and extensions included; a model of 5 MiB has about 60,000."""

BPMN_NAMESPACE = "http://www.omg.org/spec/BPMN/20100524/MODEL"
"""Source: BPMN 2.0.2, Exchange Formats, XML Schema."""

MAX_ID = 255
"""Characters of an id. Ids are repeated in every fault and become part of store keys."""

_MAX_REASON = 200


def parse(xml: bytes) -> list[Process]:
    """Read all processes of a BPMN file, in document order, faulty ones included.

    Args:
        xml: The file, at most 5 MiB; UTF-8 whatever its XML declaration says, else the encoding that it
            declares. White space before the XML declaration is fine.

    Raises:
        InvalidModel: It is not XML that can be read safely: empty, malformed, too large, too deeply nested,
            with a document type declaration, or with an endless id.
    """
    if len(xml) > MAX_BYTES:
        raise _invalid(f"XML is larger than {MAX_BYTES} bytes")
    xml = xml.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not xml:
        raise _invalid("XML is empty")
    return read_processes(_root(xml))


def find(processes: Sequence[Process], bpmn_process_id: str) -> Process:
    """The process with an id.

    Raises:
        InvalidModel: No process, or more than one, has the id.
    """
    found = [process for process in processes if process.bpmn_process_id == bpmn_process_id]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidModel(f"BPMN model has {len(found)} processes {bpmn_process_id}")
    ids = " ".join(process.bpmn_process_id for process in processes)
    raise InvalidModel(f"BPMN model has no process {bpmn_process_id}, but [{ids}]")


def _encoding(xml: bytes) -> str | None:
    """UTF-8 if it can be: the XML declaration of text from a JSON body may name what the text was before."""
    try:
        xml.decode()
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _root(xml: bytes) -> Node:
    builder, encoding = _Builder(), _encoding(xml)
    target: Any = builder  # the stubs ask for methods that lxml does not need
    # Not resolve_entities=False: `&amp;` in an attribute would come as `&#38;`. Without a document type
    # declaration, which the builder refuses, there are no other entities.
    parser = etree.XMLParser(
        target=target, encoding=encoding, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        etree.fromstring(xml, parser)
        if len(parser.error_log):
            _check_well_formed(xml, encoding)
    except etree.XMLSyntaxError as error:
        raise _malformed(error.msg or "") from None
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise _malformed(str(error)) from None
    return builder.root


def _invalid(fact: str, causes: Sequence[Cause] = ()) -> InvalidModel:
    return InvalidModel(f"BPMN XML is invalid: {fact}", causes)


def _malformed(reason: str) -> InvalidModel:
    return _invalid("XML is invalid", [Cause("/", "xml", " ".join(reason.split())[:_MAX_REASON])])


def _check_well_formed(xml: bytes, encoding: str | None) -> None:
    """Look again, without namespaces.

    lxml hands undeclared prefixes to a parser target as local names, which is what we want, but after such an
    error libxml2 no longer reports content behind the root element.
    """
    expat.ParserCreate(encoding).Parse(xml, True)


class _Builder:
    """Parser target of lxml; the methods without underscore are called by it."""

    def __init__(self) -> None:
        self.root = Node("", {})
        self._open: list[Node] = []
        self._depth = 0
        self._skipped_from = 0
        self._elements = 0
        self._names: dict[str, str | None] = {}
        self._namespaces = {BPMN_NAMESPACE}
        self._text: list[str] = []
        # A text of a million character references makes a million calls: the list's own method is cheapest.
        self.data = self._text.append

    def doctype(self, *_: str | None) -> None:
        raise _invalid("XML has a document type declaration")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._limit(attributes)
        if self._skipped_from:
            return
        name = self._name(tag)
        if name is None or (name in SKIPPED and not self._is_for_people(name)):
            self._skipped_from = self._depth
        else:
            self._enter(Node(name, attributes or {}))  # lxml has its own, slow empty mapping

    def end(self, _tag: str) -> None:
        if self._skipped_from == 0:
            self._open.pop().text = "".join(self._text)
        elif self._skipped_from == self._depth:
            self._skipped_from = 0
        self._text.clear()
        self._depth -= 1

    def close(self) -> None:
        """Nothing to do; lxml asks for it."""

    def _limit(self, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS:
            raise _invalid(f"XML has more than {MAX_ELEMENTS} elements")
        if self._depth > MAX_DEPTH:
            raise _invalid(f"XML is nested deeper than {MAX_DEPTH} levels")
        if len(attributes.get("id", "")) > MAX_ID:
            raise _invalid(f"XML has an ID longer than {MAX_ID} characters")

    def _enter(self, node: Node) -> None:
        self._text.clear()
        if self._open and node.tag == EXTENSIONS:
            node.children = self._open[-1].extensions
        elif self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _is_for_people(self, name: str) -> bool:
        """Whether it is what a person reads who does a user task."""
        return name == DOCUMENTATION and bool(self._open) and self._open[-1].tag == "userTask"

    def _name(self, tag: str) -> str | None:
        """What a node is called; inside of extensions only known dialects have names, `zeebe:script`."""
        inside = self._open[-1].tag if self._open else ""
        if inside != EXTENSIONS and ":" not in inside:
            return self._model_name(tag)
        namespace, _, name = tag.rpartition("}")
        dialect = NAMESPACES.get(namespace[1:])
        return dialect and f"{dialect}:{name}"

    def _model_name(self, tag: str) -> str | None:
        """Local name of an element of the model, None for an element of another namespace."""
        if tag not in self._names:
            self._names[tag] = self._resolved(tag)
        return self._names[tag]

    def _resolved(self, tag: str) -> str | None:
        namespace, _, name = tag.rpartition("}")
        if not self._names:
            self._namespaces.add(namespace[1:])  # whatever the root element is in, is the model
        if namespace and namespace[1:] not in self._namespaces:
            return None
        return name.rpartition(":")[2]

"""BPMN as data: element types, the model of a process, reading and judging XML, time. Pure."""

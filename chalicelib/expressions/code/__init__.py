"""A syntax tree to closures: each node becomes one function from a frame to a value.

What the text says is decided once, here. A loop counts the nodes of its body per turn, so that steps are
about what an evaluation costs. Source: DMN 1.5, 10.3.2.15 semantic mappings.
"""

from collections.abc import Mapping

from .. import tree
from . import functions, lists, names, operations, ranges, templates
from .base import Compiler, Kind, Scope

__all__ = ["KINDS", "Compiler", "Kind", "Scope"]

KINDS: Mapping[type, Kind] = {
    tree.Literal: names.literal_code,
    tree.Name: names.name_code,
    tree.Path: names.path_code,
    tree.Filter: lists.filter_code,
    tree.Index: templates.index_code,
    tree.Call: functions.call_code,
    tree.BuiltinCall: functions.builtin_call_code,
    tree.Arithmetic: operations.arithmetic_code,
    tree.Negation: operations.negation_code,
    tree.Comparison: operations.comparison_code,
    tree.Between: operations.between_code,
    tree.In: ranges.in_code,
    tree.Tests: ranges.tests_code,
    tree.Logic: operations.logic_code,
    tree.If: operations.if_code,
    tree.For: lists.for_code,
    tree.Quantified: lists.quantified_code,
    tree.Interval: ranges.interval_code,
    tree.ListOf: lists.list_code,
    tree.ContextOf: lists.context_code,
    tree.FunctionOf: functions.function_code,
    tree.InstanceOf: operations.instance_of_code,
    tree.Ambiguous: names.ambiguous_code,
    tree.Template: templates.template_code,
    tree.Empty: templates.empty_code,
    tree.Not: templates.not_code,
}
"""What each kind of node becomes."""

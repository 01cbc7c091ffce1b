"""Functions and their invocation. Source: DMN 1.5, 10.3.2.13, table 63."""

from typing import Any

from .. import tree
from ..builtins import BUILTINS
from ..builtins.rows import apply, invoke
from ..operators import (
    kind,
)
from ..run import Frame
from ..values import Builtin, Function
from .base import Code, Compiler, Scope


def function_code(compiler: Compiler, node: tree.FunctionOf, scope: Scope) -> Code:
    """A closure over the frame in which it is written. Source: DMN 1.5, 10.3.2.13.2."""
    parameters, types = node.parameters, node.types
    if node.body is None:
        return lambda frame: frame.run.null("external functions are not called from here")
    body, weight = compiler.weighed(node.body, scope.inside(*parameters))

    def code(frame: Frame) -> Function:
        def call(*arguments: Any) -> Any:
            frame.run.charge(weight + 1)
            return body(Frame(dict(zip(parameters, arguments, strict=True)), frame, frame.run))

        return Function(parameters, types, call)

    return code


def builtin_call_code(compiler: Compiler, node: tree.BuiltinCall, scope: Scope) -> Code:
    """An invocation of a built-in function by its name."""
    rows, names = BUILTINS[node.name], node.names
    arguments = compiler.codes(node.arguments, scope)
    return lambda frame: invoke(frame.run, rows, [argument(frame) for argument in arguments], names)


def call_code(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    """Source: DMN 1.5, table 63."""
    function, names = compiler.code(node.function, scope), node.names
    arguments = compiler.codes(node.arguments, scope)

    def code(frame: Frame) -> Any:
        called, run = function(frame), frame.run
        values = [argument(frame) for argument in arguments]
        if type(called) is Builtin:
            return invoke(run, BUILTINS[called.name], values, names)
        if type(called) is not Function:
            run.null(f"{kind(called)} is no function")
            return None
        if names is not None:
            given = dict(zip(names, values, strict=True))
            if not given.keys() <= set(called.parameters):
                run.null(f"a function has no parameters {', '.join(names)}")
                return None
            values = [given.get(name) for name in called.parameters]
        return apply(run, called, values)

    return code

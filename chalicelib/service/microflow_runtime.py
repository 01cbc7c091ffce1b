"""The Microflow Runtime: run a microflow, list those that are deployed."""

from typing import Any

from ..bpmn.business_objects import INPUT, OUTPUT, business_objects
from ..contract.microflow import ListMicroflows, RunMicroflow
from ..engine.attributes import attributes_of
from ..engine.errors import EngineError, NotFound
from ..engine.records import DeployedProcess
from . import microflow
from .class_actions import file_name
from .environment import Environment
from .finding import Selectors, find_process
from .microflow import MicroflowFailed
from .objects import coming_out, empty, going_in
from .retry import patient

Json = dict[str, Any]


def run_microflow(cmd: RunMicroflow, env: Environment) -> Json:
    """Run a microflow to its end.

    Returns:
        What comes out by name (`objects`), why it has failed (`exception`, else empty), what would come out
        empty (`empty`), and the process instance to look at (`trace`, else empty).
    """
    env = patient(env)
    wanted = Selectors(cmd.flow_name, cmd.app_name, cmd.unique_id, cmd.snap_version)
    try:
        process = find_process(env, wanted, is_microflow=True)
    except NotFound:
        return _failed(f"Flow not found: {cmd.flow_name}")
    except EngineError as refusal:
        return _failed(refusal.detail)
    try:
        variables = going_in(process.model, cmd.object)
        ran = microflow.run(env, process, variables, env.microflows, cmd.caller)
        found = coming_out(env, process.model, ran.variables)
    except EngineError as refusal:
        return _failed(refusal.detail, process)
    except MicroflowFailed as failed:
        return _failed(failed.reason, process, failed.trace)
    return {"objects": found, "exception": "", "empty": {}, "trace": ran.trace}


def list_microflows(cmd: ListMicroflows, env: Environment) -> Json:
    """All deployed microflows, in the order of their deployment."""
    found = [_described(process) for process in env.store.processes() if attributes_of(process).is_microflow]
    return {"count": len(found), "results": found}


def _failed(reason: str, process: DeployedProcess | None = None, trace: str = "") -> Json:
    left = {} if process is None else empty(process.model)
    return {"objects": {}, "exception": reason, "empty": left, "trace": trace}


def _described(process: DeployedProcess) -> Json:
    said = attributes_of(process)
    told = {
        "flowName": process.model.name,
        "bpmnProcessId": process.bpmn_process_id,
        "version": process.version,
        "appName": said.app_name,
        "uniqueId": said.unique_id,
        "snapVersion": said.snap_version,
        "fileName": file_name(process),
        "inputs": {one.name: one.type for one in business_objects(process.model, INPUT)},
        "outputs": {one.name: one.type for one in business_objects(process.model, OUTPUT)},
    }
    return {name: value for name, value in told.items() if value is not None}

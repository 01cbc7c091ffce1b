"""The table from command to handler."""

from collections.abc import Callable, Mapping
from typing import Any

from ..contract import commands as c
from ..contract import microflow as m
from ..contract import process_runtime as p
from ..contract.commands import Command
from . import (
    caches,
    clock,
    incidents,
    jobs,
    messages,
    microflow_runtime,
    packages,
    process_instances,
    processes,
    queries,
    signals,
    tasks,
    user_tasks,
    variables,
)

HANDLERS: Mapping[type[Command], Callable[..., Any]] = {
    c.CreateProcess: processes.create_process,
    c.QueryProcesses: processes.query_processes,
    c.QueryElements: processes.query_elements,
    c.GetBpmnXml: processes.get_bpmn_xml,
    c.CreateProcessInstance: process_instances.create_process_instance,
    c.QueryProcessInstances: queries.query_process_instances,
    c.QueryElementInstances: queries.query_element_instances,
    c.SuspendProcessInstance: process_instances.suspend_process_instance,
    c.ResumeProcessInstance: process_instances.resume_process_instance,
    c.GetElementVariables: variables.get_element_variables,
    c.SetElementVariables: variables.set_element_variables,
    c.QueryUserTasks: queries.query_user_tasks,
    c.UpdateUserTask: user_tasks.update_user_task,
    c.GetProcessInstanceCost: process_instances.get_process_instance_cost,
    c.GetProcessVariables: variables.get_process_variables,
    c.SetProcessVariables: variables.set_process_variables,
    c.QueryVariables: queries.query_variables,
    c.LockJobs: jobs.lock_jobs,
    c.UnlockJobs: jobs.unlock_jobs,
    c.CompleteJob: jobs.complete_job,
    c.QueryJobs: queries.query_jobs,
    c.SendMessage: messages.send_message,
    c.QueryMessages: messages.query_messages,
    c.QueryMessageSubscriptions: queries.query_message_subscriptions,
    c.SendSignal: signals.send_signal,
    c.QuerySignalSubscriptions: queries.query_signal_subscriptions,
    c.ResolveIncident: incidents.resolve_incident,
    c.QueryIncidents: queries.query_incidents,
    c.ExecuteTasks: tasks.execute_tasks,
    c.UnlockTasks: tasks.unlock_tasks,
    c.QueryTasks: queries.query_tasks,
    c.SetTime: clock.set_time,
    c.CheckReadiness: clock.check_readiness,
    p.RefreshProcessCache: caches.refresh_process_cache,
    m.RunMicroflow: microflow_runtime.run_microflow,
    m.ActOnMicroflows: packages.act_on_microflows,
    m.ListMicroflows: microflow_runtime.list_microflows,
    m.RefreshMicroflowCache: caches.refresh_microflow_cache,
}

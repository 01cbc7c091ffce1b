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
    people,
    process_instances,
    process_runtime,
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
    c.GetDirectory: people.get_directory,
    c.PutDirectory: people.put_directory,
    p.ProcessClassAction: caches.process_class_action,
    p.GetInstanceTasks: process_runtime.get_instance_tasks,
    p.AssignInstanceTasks: process_runtime.assign_instance_tasks,
    p.StartProcess: process_runtime.start_process,
    p.StartProcessByName: process_runtime.start_process_by_name,
    p.RefreshProcessCache: caches.refresh_process_cache,
    p.ListTasks: process_runtime.list_tasks,
    p.AssignTask: process_runtime.assign_task,
    p.ClaimTask: process_runtime.claim_task,
    p.CompleteTask: process_runtime.complete_task,
    p.UnclaimTask: process_runtime.unclaim_task,
    p.GetTaskVariables: process_runtime.get_task_variables,
    m.RunMicroflow: microflow_runtime.run_microflow,
    m.ActOnMicroflows: caches.act_on_microflows,
    m.ListMicroflows: microflow_runtime.list_microflows,
    m.RefreshMicroflowCache: caches.refresh_microflow_cache,
}

ACTS_OUTSIDE: frozenset[type[Command]] = frozenset({m.RunMicroflow})
"""Commands whose handler reaches beyond the store: it is run once, whatever the store says meanwhile.

Such a handler asks the store as often as it takes by itself (`retry.patient`)."""

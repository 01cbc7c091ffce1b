"""What a random client does next, knowing everything an engine has."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from chalicelib.bpmn import parser
from chalicelib.contract import commands as c
from chalicelib.engine.records import DeployedProcess
from tests.models import parallel, sequence
from tests.play import ENGINE, MODELS, Engine
from tests.walks.sides import Advance, Named, Restart, Send, Step
from tests.walks.snapshot import Record, Snapshot

Fields = dict[str, Any]

WORKERS = ("ann", "bob")
NAMES = ("a", "b", "c-1", "D_2")
DURATIONS = ("PT0.001S", "PT1S", "PT1H", "PT9H", "P1D")
TOO_LONG = "P9000Y"
FILES = (
    "gateway/exclusive.bpmn",
    "gateway/exclusive-no-default.bpmn",
    "gateway/inclusive.bpmn",
    "gateway/inclusive-circle.bpmn",
    "gateway/inclusive-early-end.bpmn",
    "gateway/inclusive-join-and-fork.bpmn",
    "gateway/inclusive-two-joins.bpmn",
    "gateway/inclusive-uneven.bpmn",
    "gateway/parallel.bpmn",
    "gateway/parallel-pass-through.bpmn",
    "gateway/parallel-service-tasks.bpmn",
    "gateway/parallel-uneven.bpmn",
    "invalid/unsupported.bpmn",
    "process/empty.bpmn",
    "process/order-as-modeler.bpmn",
    "process/two-in-one-file.bpmn",
    "task/business-rule.bpmn",
    "task/implicit-split.bpmn",
    "task/manual.bpmn",
    "task/no-end.bpmn",
    "task/script.bpmn",
    "task/send.bpmn",
    "user-task/user.bpmn",
)
EVENT_FILES = (
    "call-activity/by-model.bpmn",
    "call-activity/call.bpmn",
    "call-activity/interrupted.bpmn",
    "call-activity/three-levels.bpmn",
    "error/defined-by-jobs.bpmn",
    "error/end.bpmn",
    "error/held.bpmn",
    "error/job.bpmn",
    "error/twice.bpmn",
    "error/uncaught.bpmn",
    "error/user-task.bpmn",
    "escalation/activities.bpmn",
    "escalation/defined-by-jobs.bpmn",
    "escalation/end.bpmn",
    "escalation/nested.bpmn",
    "escalation/throw.bpmn",
    "sub-process/nested.bpmn",
    "sub-process/plain.bpmn",
    "throw/link.bpmn",
    "throw/message.bpmn",
    "throw/signal.bpmn",
)
"""Sub-processes, call activities, and events that throw and catch."""

CODES = ("A", "B", "E", "S", "T", "NO")
WIDE = "parallel('wide', 66)"
THROUGH = "parallel('through', 120, 'task')"
SLOW = "process/loop-forever.bpmn"


def _named(file: str) -> Named:
    return Named.by(f"(MODELS / {file!r}).read_text()", (MODELS / file).read_text())


XML: dict[str, Named] = {
    **{file: _named(file) for file in (*FILES, *EVENT_FILES, SLOW)},
    "sequence": Named.by("sequence('sequence', 4)", sequence("sequence", 4)),
    "people": Named.by("parallel('people', 3, 'userTask')", parallel("people", 3, "userTask")),
    # More than fits into one block of ids; more than runs inside of one command.
    WIDE: Named.by(WIDE, parallel("wide", 66)),
    THROUGH: Named.by(THROUGH, parallel("through", 120, "task")),
}
PROCESS_IDS = {
    name: [process.bpmn_process_id for process in parser.parse(xml.encode())] for name, xml in XML.items()
}
ASKED: dict[str, dict[str, tuple[str, ...]]] = {
    "SET_ERROR_CODE": {"errorCode": ("", *CODES)},
    "SET_ESCALATION_CODE": {"escalationCode": ("", *CODES)},
    "SET_MESSAGE_CORRELATION_KEY": {"messageCorrelationKey": ("", "order-1", "order-2")},
    "SET_SIGNAL_NAME": {"signalName": ("", "bell", "stop")},
}
"""By type of job: what to answer."""

QUERIES = (
    c.QueryProcesses,
    c.QueryElements,
    c.QueryProcessInstances,
    c.QueryElementInstances,
    c.QueryJobs,
    c.QueryTasks,
    c.QueryIncidents,
    c.QueryUserTasks,
    c.QueryVariables,
    c.QueryMessages,
)


@dataclass
class Client:
    """Chooses at random, mostly what makes sense.

    Attributes:
        engine: Whose models are looked at.
        models: What is deployed.
        large: The longest value of a variable, in characters.
    """

    random: Random
    engine: Engine
    models: Sequence[str]
    large: int

    def first_steps(self) -> Iterator[Step]:
        """Deploy each model."""
        for name, id in ((file, id) for file in self.models for id in PROCESS_IDS[file]):
            fields = {
                "bpmnProcessId": id,
                "bpmnXml": XML[name],
                "version": "1",
                "workerId": self._worker(),
                "parallelism": self._pick(0, 0, 1, 2),
            }
            yield Send(c.CreateProcess, _given(fields))

    def next_step(self, now: Snapshot) -> Step:
        """One of all the things a client may do."""
        choices = self._choices()
        while True:
            (choose,) = self.random.choices(list(choices), weights=list(choices.values()))
            step = choose(now)
            if step is not None:
                return step

    def query(self, now: Snapshot, kind: type[c.Query]) -> Send:
        """A query for what resembles one of the records, or two."""
        fields = {field.alias or name: name for name, field in kind.model_fields.items()}
        criteria = {}
        for alias in fields:
            if now.found[kind] and self.random.random() < 0.3:
                value = self._criterion(alias, self.random.choice(now.found[kind]))
                criteria |= {alias: value} if value else {}
        page = {"offset": self._pick(0, 0, 0, 1, 3), "limit": self._pick(0, 0, 0, 1, 2, 5)}
        return Send(kind, criteria | {name: value for name, value in page.items() if value})

    def _choices(self) -> dict[Callable[[Snapshot], Step | None], int]:
        is_deferred = not self.engine.is_eager
        return {
            self._deploy: 5,
            self._start: 8,
            self._lock: 14,
            self._unlock: 4,
            self._complete: 30,
            self._resolve: 6,
            self._update_user_task: 12,
            self._execute: 14 if is_deferred else 2,
            self._unlock_tasks: 1,
            self._suspend: 3,
            self._resume: 6,
            self._set_process_variables: 4,
            self._get_process_variables: 2,
            self._set_element_variables: 5,
            self._get_element_variables: 2,
            self._get_bpmn_xml: 1,
            self._query: 4,
            self._send_message: 4,
            self._send_signal: 1,
            self._set_time: 2,
            self._advance: 5,
            self._restart: 3,
        }

    # Processes

    def _deploy(self, now: Snapshot) -> Step | None:
        name = self.random.choice(self.models)
        process = {"bpmnProcessId": self.random.choice(PROCESS_IDS[name]), "version": self._pick("1", "2")}
        if now.processes and self.random.random() < 0.3:
            # Mostly a different file, and mostly one that does not even have the process.
            process = self.random.choice(now.processes)
        fields = {
            "bpmnProcessId": process["bpmnProcessId"],
            "bpmnXml": XML[name],
            "version": process["version"],
            "workerId": self._worker(),
            "tags": self._tags(),
            "parallelism": self._pick(0, 0, 1, 2),
        }
        if self._rarely():
            fields["errors"] = [{"bpmnElementId": self._pick("endEvent", "nowhere")}]
        return Send(c.CreateProcess, _given(fields))

    def _get_bpmn_xml(self, now: Snapshot) -> Step | None:
        return Send(c.GetBpmnXml, {"id": self.random.randint(1, len(now.processes) + 1)})

    # Process instances

    def _start(self, now: Snapshot) -> Step | None:
        if not now.processes:
            return None
        process = self.random.choice(now.processes)
        fields = {
            "bpmnProcessId": process["bpmnProcessId"],
            "version": process["version"] if not self._rarely() else "9",
            "workerId": self._worker(),
            "correlationKey": self._pick("", "order-1", "order-2"),
            "tags": self._tags(),
            "variables": self._variables(),
        }
        return Send(c.CreateProcessInstance, _given(fields))

    def _suspend(self, now: Snapshot) -> Step | None:
        return self._of(now.process_instances, c.SuspendProcessInstance)

    def _resume(self, now: Snapshot) -> Step | None:
        suspended = [record for record in now.process_instances if record["state"] == "SUSPENDED"]
        return self._of(now.process_instances if self._rarely() else suspended, c.ResumeProcessInstance)

    # Jobs, tasks, incidents

    def _lock(self, now: Snapshot) -> Step | None:
        if not self._is_worth_it(now.jobs):
            return None
        fields = {"limit": self._pick(1, 2, 3, 10, 1000), "workerId": self._worker()}
        if self.random.random() < 0.2:
            fields["lockTimeout"] = self._pick("PT1S", "PT1H", "PT1H", TOO_LONG)
        return Send(c.LockJobs, fields | self._work_filter(now.jobs, processIds=True))

    def _unlock(self, now: Snapshot) -> Step | None:
        filter = self._work_filter(now.jobs, processIds=True)
        fields = {name: value for name, value in filter.items() if name in ("partition", "id")}
        return Send(c.UnlockJobs, {"workerId": self._worker(), **fields})

    def _complete(self, now: Snapshot) -> Step | None:
        locked = [job for job in now.jobs if job["state"] == "LOCKED"]
        candidates = now.jobs if self._rarely() else locked
        if not candidates:
            return None
        job = self._one_of(candidates)
        worker = self._worker() if self._rarely() else job.get("lockedBy", "ann")
        fields = {
            "workerId": worker,
            "error": self._pick("", "", "", "out of paper"),
            "retryLimit": self._pick(0, 0, 1, 2),
            "retryTimer": self._retry_timer(),
            "completion": self._completion(job),
            "processVariables": self._variables(),
            "elementVariables": self._variables(of=job),
        }
        return Send(c.CompleteJob, self._place(job) | _given(fields))

    def _resolve(self, now: Snapshot) -> Step | None:
        open_ones = [incident for incident in now.incidents if "resolvedAt" not in incident]
        fields = _given({"retryTimer": self._retry_timer()})
        return self._of(now.incidents if self._rarely() else open_ones, c.ResolveIncident, fields)

    def _execute(self, now: Snapshot) -> Step | None:
        if not self._is_worth_it(now.tasks):
            return None
        fields = {"limit": self._pick(1, 2, 10, 100)} | self._work_filter(now.tasks)
        if now.tasks and self._rarely():
            fields["type"] = self._pick("JOIN_PARALLEL_GATEWAY", "START_PROCESS_INSTANCE", "TRIGGER_EVENT")
        return Send(c.ExecuteTasks, fields)

    def _unlock_tasks(self, now: Snapshot) -> Step | None:
        return Send(c.UnlockTasks, {"engineId": ENGINE})

    # User tasks

    def _update_user_task(self, now: Snapshot) -> Step | None:
        open_ones = [task for task in now.user_tasks if task["state"] == "STARTED"]
        candidates = now.user_tasks if self._rarely() else open_ones
        if not candidates:
            return None
        task = self._one_of(candidates)
        fields = {
            "revision": max(1, task["revision"] + self._pick(0, 0, 0, 0, 0, -1, 1)),
            "completed": self._pick(False, True),
            "errorCode": self._pick(*CODES) if self._rarely() else "",
            "escalationCode": self._pick(*CODES) if self._rarely() else "",
            "tags": self._tags(),
            "processVariables": self._variables(),
            "elementVariables": self._variables(of=task),
        }
        return self._of([task], c.UpdateUserTask, _given(fields))

    # Variables

    def _set_process_variables(self, now: Snapshot) -> Step | None:
        return self._of(now.process_instances, c.SetProcessVariables, {"variables": self._variables(1)})

    def _get_process_variables(self, now: Snapshot) -> Step | None:
        return self._get(now.process_instances, c.GetProcessVariables, {})

    def _set_element_variables(self, now: Snapshot) -> Step | None:
        open_ones = [token for token in now.element_instances if "endedAt" not in token]
        candidates = now.element_instances if self._rarely() else open_ones
        if not candidates:
            return None
        token = self._one_of(candidates)
        return self._of([token], c.SetElementVariables, {"variables": self._variables(1, of=token)})

    def _get_element_variables(self, now: Snapshot) -> Step | None:
        # Mostly where there is something to read.
        of_some = {(v["partition"], v.get("elementInstanceId")) for v in now.variables}
        tokens = [token for token in now.element_instances if (token["partition"], token["id"]) in of_some]
        fields = {"excludeParentVariables": self._pick(False, True)}
        return self._get(tokens or now.element_instances, c.GetElementVariables, fields)

    # Messages, signals

    def _send_message(self, now: Snapshot) -> Step | None:
        fields = {
            "name": self._pick("paid", "sent"),
            "correlationKey": self._pick("order-1", "order-2"),
            "workerId": self._worker(),
            "uniqueKey": self._pick("", "u"),
            "variables": self._variables(),
            "expirationTimer": self._pick(
                {},
                {"timeDuration": self._pick(*DURATIONS)},
                {"timeCycle": "0 0 * * *"},
                {"time": "2030-01-03T00:00:00Z"},
            ),
        }
        return Send(c.SendMessage, _given(fields))

    def _send_signal(self, now: Snapshot) -> Step | None:
        """Variables only for a signal that no model waits for: it is not known whose they would become."""
        name = self._pick("alarm", "bell", "stop")
        variables = self._variables() if name == "alarm" else []
        return Send(c.SendSignal, _given({"name": name, "workerId": self._worker(), "variables": variables}))

    # Queries, time

    def _query(self, now: Snapshot) -> Step | None:
        return self.query(now, self.random.choice(QUERIES))

    def _set_time(self, now: Snapshot) -> Step | None:
        choices: list[Fields] = [
            {"time": now.now},
            {"time": "2029-12-31T23:59:59Z"},
            {"timeDuration": self._pick(*DURATIONS)},
            {"timeCycle": self._pick("0 0 * * *", "*/5 8-17 * * *")},
            {"timeDuration": TOO_LONG},
            {"timeDuration": "PT1S", "timeCycle": "0 0 * * *"},
            {},
        ]
        (fields,) = self.random.choices(choices, weights=[1, 2, 5, 5, 1, 1, 1])
        return Send(c.SetTime, fields)

    def _advance(self, now: Snapshot) -> Step | None:
        return Advance(self.random.choice(DURATIONS))

    def _restart(self, now: Snapshot) -> Step | None:
        return Restart()

    # Parts of commands

    def _pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def _is_worth_it(self, work: list[Record]) -> bool:
        """Whether something is there to take, now or later; if not, rarely."""
        return any(record["state"] in ("DUE", "CREATED") for record in work) or self._rarely()

    def _one_of(self, records: list[Record]) -> Record:
        """Sometimes the last one, whose id may lie in a further block."""
        return records[-1] if self.random.random() < 0.2 else self.random.choice(records)

    def _rarely(self) -> bool:
        return self.random.random() < 0.06

    def _worker(self) -> str:
        return self.random.choice(WORKERS)

    def _place(self, record: Record) -> Fields:
        """Where a record is; rarely, where there is another or none."""
        partition, id = record["partition"], record["id"]
        if self._rarely():
            id += self._pick(1, 63, 64, 6400, 2**31 - 1 - id)
        if self.random.random() < 0.02:
            partition = self._pick("2030-01-02", "1999-12-31")
        return {"partition": partition, "id": id}

    def _of(self, records: list[Record], kind: type[c.Command], fields: Fields | None = None) -> Step | None:
        """A command for one of the records."""
        if not records:
            return None
        place = self._place(self._one_of(records))
        return Send(kind, {**place, **(fields or {}), "workerId": self._worker()})

    def _get(self, records: list[Record], kind: type[c.Command], fields: Fields) -> Step | None:
        if not records:
            return None
        names = {"names": ",".join(self.random.sample(NAMES, 2))} if self._rarely() else {}
        return Send(kind, self._place(self._one_of(records)) | fields | names)

    def _work_filter(self, records: list[Record], *, processIds: bool = False) -> Fields:
        """Which jobs or tasks: mostly all."""
        if not records or self.random.random() < 0.5:
            return {}
        record, other = self._one_of(records), self.random.choice(records)
        process = self._pick(record, other)["processId"]
        choices: Fields = self._place(record)
        if "processInstanceId" in record:
            choices["processInstanceId"] = record["processInstanceId"]
        if processIds:
            choices["processIds"] = sorted({process, self._pick(process, other["processId"])})
        else:
            choices["processId"] = process
        return {name: value for name, value in choices.items() if self.random.random() < 0.35}

    def _completion(self, job: Record) -> Fields:
        if job["type"] == "EVALUATE_EXCLUSIVE_GATEWAY" and not self._rarely():
            return _given({"exclusiveGatewayDecision": self._pick("", *self._targets(job), "nowhere")})
        if job["type"] == "EVALUATE_INCLUSIVE_GATEWAY" and not self._rarely():
            targets = [*self._targets(job), "nowhere"]
            return _given({"inclusiveGatewayDecision": self.random.choices(targets, k=self._pick(0, 1, 2))})
        if job["type"] in ASKED and not self._rarely():
            return _given({name: self._pick(*values) for name, values in ASKED[job["type"]].items()})
        if job["type"] == "CALL_PROCESS" and not self._rarely():
            ids = [id for name in self.models for id in PROCESS_IDS[name]]
            return {"calledProcess": _given({"bpmnProcessId": self._pick("", *ids)})}
        if self.random.random() < 0.3:
            return _given({"errorCode": self._pick("", *CODES), "escalationCode": self._pick("", "", *CODES)})
        return {}

    def _targets(self, job: Record) -> list[str]:
        process = self._process(job)
        model = process.model
        element = model.elements[job["elementId"] - process.first_element_id]
        return [model.target(flow).bpmn_element_id for flow in model.outgoing(element)]

    def _process(self, record: Record) -> DeployedProcess:
        process = self.engine.env.store.process(record["processId"])
        assert process is not None
        return process

    def _retry_timer(self) -> str:
        if self._rarely():
            return self._pick("PT9H", TOO_LONG)
        return self._pick("", "", "PT1S", "PT1H")

    def _tags(self) -> Any:
        if self.random.random() < 0.6:
            return []
        tags = {name: self._pick("1", "2", None) for name in self.random.sample(NAMES, 2)}
        if self.random.random() < 0.3:
            return {name: value for name, value in tags.items() if value}
        return [{"name": name, "value": value} for name, value in tags.items()]

    def _variables(self, at_least: int = 0, of: Record | None = None) -> list[Fields]:
        """Variables to set or delete, of the process scope or of a visit."""
        if not at_least and self.random.random() < 0.6:
            return []
        variables = []
        for _ in range(self.random.randint(1, 3)):
            variable: Fields = {"name": self.random.choice(NAMES)}
            if self.random.random() < 0.8:
                variable["data"] = self._data()
            if of is not None and self.random.random() < 0.15:
                process = self._process(of).bpmn_process_id
                variable["bpmnElementId"] = self._pick(of["bpmnElementId"], process, process, "nowhere")
            variables.append(variable)
        return variables

    def _data(self) -> Fields:
        length = self._pick(1, 1, 70, 300, self.large)
        seed = self.random.randrange(1000)
        data = {"encoding": self._pick("text", "json"), "value": noise(seed, length)}
        return data | ({"encrypted": True} if self.random.random() < 0.2 else {})

    def _criterion(self, name: str, record: Record) -> Any:
        match name:
            case "offset" | "limit":
                return None
            case "states":
                return sorted({record["state"], self._pick("STARTED", "QUEUED")})
            case "names":
                return sorted({record["name"], self._pick(*NAMES)})
            case "tags":
                return [self._pick(tag, {"name": tag["name"]}) for tag in record.get("tags", ())[:1]]
            case "rootId":
                return record["id"]
            case "excludeExpired":
                return True
        return record.get(name)


def noise(seed: int, length: int) -> Named:
    """A text that cannot be compressed to nothing."""
    return Named.by(f"noise({seed}, {length})", f"{Random(seed).randbytes((length + 1) // 2).hex()[:length]}")


def _given(fields: Fields) -> Fields:
    """Without what is left empty, to keep failures readable."""
    return {name: value for name, value in fields.items() if value not in ("", [], {}, 0, False)}

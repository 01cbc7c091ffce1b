"""The settings: one frozen object, made of environment variables and options of the same names.

`Settings` is the table: README, `bpmn serve --help` and the environment are read off its fields.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

PREFIX = "BPMN_"

STORES = ("memory", "sqlite", "dynamodb")
TASK_MODES = ("eager", "deferred")
SURFACES_AUTH = ("token", "none")
HTTP_STATUS = ("real", "always-200")
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")

SHARDS = ("jobs", "tasks", "lists", "signals")
"""What is spread over shards (`storage.keys.Shards`)."""

MOST_SHARDS = 1024

KMS = "kms:"
"""What an encryption key begins with that AWS KMS has to decrypt."""


class InvalidSetting(ValueError):
    """A setting cannot be used; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class KmsKey:
    """An encryption key that only AWS KMS can decrypt.

    Attributes:
        sealed: The encrypted data key, `CiphertextBlob` of KMS.
    """

    sealed: bytes


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


def _switch(text: str) -> bool:
    states = {
        "on": True,
        "true": True,
        "1": True,
        "yes": True,
        "off": False,
        "false": False,
        "0": False,
        "no": False,
    }
    if text.lower() not in states:
        raise ValueError("must be on or off")
    return states[text.lower()]


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _shards(text: str) -> tuple[tuple[str, int], ...]:
    rows = [part.partition("=") for part in text.split(",")]
    names = [name.strip() for name, _, _ in rows]
    if not set(names) <= set(SHARDS) or len(set(names)) < len(names):
        raise ValueError(f"must be name=number, by commas, with each of {', '.join(SHARDS)} at most once")
    number = _number(1, MOST_SHARDS)
    return tuple((name, number(amount.strip())) for name, (_, _, amount) in zip(names, rows, strict=True))


def _user_and_password(text: str) -> str:
    if not text.partition(":")[0] or ":" not in text:
        raise ValueError("must be user:password")
    return text


def _keys(text: str) -> tuple[bytes | KmsKey, ...]:
    return tuple(_key(key) for key in text.split(","))


def _key(text: str) -> bytes | KmsKey:
    try:
        key = base64.b64decode(text.removeprefix(KMS), validate=True)
    except ValueError:
        raise ValueError("must be base64") from None
    if text.startswith(KMS) and key:
        return KmsKey(key)
    if len(key) != 32:
        raise ValueError("each key must have 32 bytes")
    return key


def _duration(text: str) -> str:
    unit = r"(\d+%s)?"
    date, time = (unit % name for name in ("Y", "M", "W", "D")), (unit % name for name in ("H", "M", "S"))
    if not re.fullmatch(f"P(?=.){''.join(date)}(T(?=.){''.join(time)})?", text):
        raise ValueError("must be an ISO 8601 duration such as P90D")
    return text


def _place(text: str) -> str:
    if text.startswith("s3:") and not re.fullmatch(r"s3://[^/]+(/.*)?", text):
        raise ValueError("must be a directory, or s3://bucket/prefix")
    return text


def is_safe_url(text: str) -> bool:
    """Whether nobody can pretend to be this web server: https, or a server on this machine."""
    return (
        re.fullmatch(
            r"https://[^/?#@\s]+(/[^?#\s]*)?|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^?#\s]*)?", text
        )
        is not None
    )


def _issuer(text: str) -> str:
    if not is_safe_url(text):
        raise ValueError("must be an https URL")
    return text


def _origin(text: str) -> str:
    if text != "*" and not re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?", text):
        raise ValueError("must be an origin such as https://console.example.com, or *")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def _hosts(text: str) -> tuple[str, ...]:
    hosts = _names(text.lower())
    host = r"(\*\.)?[^\s:/?#@\[\]*.][^\s:/?#@\[\]*]*(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?"
    if not all(re.fullmatch(host, one) for one in hosts):
        raise ValueError("must be hosts, by commas, such as api.example.com, *.example.com or 10.0.0.5:8080")
    return hosts


def _namespace(text: str) -> str | None:
    if text == "off":
        return None
    # Source: Amazon CloudWatch API reference, PutMetricData.
    if not re.fullmatch(r"[\w.\-/#]{1,255}", text, re.ASCII) or text.startswith("AWS/"):
        raise ValueError("must be off, or a namespace of letters, digits and ._-/#")
    return text


def _setting(default: Any, help: str, parse: Callable[[str], Any] = str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help, "parse": parse}, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. Secrets are not in its text form."""

    store: str = _setting("sqlite", "Where everything is kept: memory, sqlite or dynamodb", _one_of(*STORES))
    data: str | None = _setting(
        None, "File of the sqlite store (bpmn.db), or prefix of the name of the DynamoDB table (bpmn)"
    )
    bucket: str | None = _setting(
        None, "S3 bucket of the dynamodb store, for what does not fit into one of its items"
    )
    task_mode: str = _setting(
        "eager",
        "When due tasks run: eager, inside the command that makes them; deferred, when asked",
        _one_of(*TASK_MODES),
    )
    executor: bool | None = _setting(
        None,
        "Whether the server runs due tasks by itself: on or off; by default on, in deferred mode off",
        _switch,
    )
    set_time: bool = _setting(False, "Whether the clock may be moved by PATCH /time: on or off", _switch)
    basic_auth: str | None = _setting(
        None, "Credentials for Basic authorization: user:password", _user_and_password, secret=True
    )
    api_key: str | None = _setting(None, "An API key that is accepted", secret=True)
    jwt_issuer: str | None = _setting(
        None,
        "Issuer whose JWTs are accepted, as in their iss: the URL before /.well-known/openid-configuration",
        _issuer,
    )
    jwt_audience: str | None = _setting(None, "Who the JWTs are for, as in their aud; needed with an issuer")
    jwt_roles_claim: str = _setting("roles", "Where in a JWT the roles are; dots lead into objects")
    cors: str | None = _setting(
        None, "Origin of web pages that may call the API (https://console.example.com), or * for any", _origin
    )
    encryption_keys: tuple[bytes | KmsKey, ...] = _setting(
        (),
        "Keys for encrypted variables, by commas; the first encrypts, all decrypt. Each is base64 of 32 "
        "bytes, or kms: and base64 of a data key that AWS KMS has encrypted (bpmn encryption-key create)",
        _keys,
        secret=True,
    )
    handlers: str | None = _setting(
        None, "Job handlers in Python that the engine runs itself: module, or module:attribute"
    )
    queue: str | None = _setting(
        None, "URL of the SQS queue that carries their jobs and what is due soon; on AWS only"
    )
    engine_id: str = _setting("default-engine", "Name of this engine in lockedBy and createdBy")
    task_retries: int = _setting(
        0, "How often a failed task is tried again before it causes an incident", _number(0, 100)
    )
    shards: tuple[tuple[str, int], ...] = _setting(
        (),
        "Over how many hash values the indexes of what is due and of lists, and those who wait for a signal, "
        "are spread: jobs=16,tasks=4,lists=16,signals=16 or some of them; by default these on DynamoDB, and "
        "jobs=1,tasks=1,lists=1,signals=16 elsewhere. May be raised, never lowered (docs/scale.md)",
        _shards,
    )
    retention: str | None = _setting(
        None,
        "How long a date is kept after its end, as an ISO 8601 duration (P90D); without one, for ever. "
        "A date on which a process instance lives stays",
        _duration,
    )
    archive: str | None = _setting(
        None,
        "Where dates go after their retention: a directory, or s3://bucket/prefix; "
        "with a retention and no archive they are removed for good",
        _place,
    )
    log_level: str = _setting(
        "warning",
        "From which level on the engine logs: debug, info (a line per command), warning or error",
        _one_of(*LOG_LEVELS),
    )
    log_format: str | None = _setting(
        None,
        "Lines of the log as text or json; by default json on Lambda, text elsewhere",
        _one_of(*LOG_FORMATS),
    )
    metrics: str | None = _setting(
        None,
        "Namespace of the metrics in CloudWatch, which are written as lines of JSON to the standard output, "
        "on Lambda after each request, elsewhere once a minute; or off",
        _namespace,
    )
    surfaces_auth: str = _setting(
        "token",
        "Who may come in at the Process Runtime and the Microflow Runtime: token, whoever has an API key or "
        "a JWT; none, everybody",
        _one_of(*SURFACES_AUTH),
    )
    compat_http_status: str = _setting(
        "real",
        "HTTP status of a refusal of the Process Runtime: real, or always-200",
        _one_of(*HTTP_STATUS),
    )
    compat_open_claim: bool = _setting(
        False, "Whether anybody may claim a task that nobody may do: on or off", _switch
    )
    compat_implicit_claim: bool = _setting(
        True, "Whether a candidate may complete a task without claiming it: on or off", _switch
    )
    compat_empty_outputs_on_error: bool = _setting(
        False, "Whether a microflow that fails answers its outputs, empty: on or off", _switch
    )
    compat_error_status: str = _setting("ERROR", "responseStatus of a microflow that fails")
    microflow_timeout: int = _setting(60, "Seconds that a microflow may take", _number(1, 900))
    microflow_steps: int = _setting(10_000, "Elements that a microflow may enter", _number(1, 1_000_000))
    microflow_trace: bool = _setting(
        False, "Whether microflows are kept as process instances, and tId names them: on or off", _switch
    )
    http_hosts: tuple[str, ...] = _setting(
        (),
        "Hosts that the connector http may call, by commas: api.example.com, *.example.com, 10.0.0.5:8080; "
        "without any there is no such connector",
        _hosts,
    )
    dynamodb_tables: tuple[str, ...] = _setting(
        (),
        "Tables that the connector dynamodb may use, by commas, * for any signs; without any, none",
        _names,
    )
    lambda_functions: tuple[str, ...] = _setting(
        (),
        "Functions that the connector lambda may call, by commas, * for any signs; without any, none",
        _names,
    )
    host: str = _setting("127.0.0.1", "Address to listen on")
    port: int = _setting(8080, "Port to listen on; 0 takes any free one", _number(0, 65535))

    @property
    def runs_executor(self) -> bool:
        """Whether the server runs due tasks by itself."""
        return self.task_mode == "eager" if self.executor is None else self.executor

    @staticmethod
    def read(*sources: Mapping[str, str]) -> "Settings":
        """Read settings from texts by environment name; of several sources the first that has one counts.

        Raises:
            InvalidSetting: A text cannot be used.
        """
        values = {}
        for row in fields(Settings):
            text = next((source[env_name(row)] for source in sources if source.get(env_name(row))), None)
            if text is not None:
                values[row.name] = _parse(row, text)
        return Settings(**values)


def env_name(row: Field[Any]) -> str:
    """The environment variable of a setting: `BPMN_TASK_MODE`."""
    return PREFIX + row.name.upper()


def option(row: Field[Any]) -> str:
    """The command line option of a setting: `--task-mode`."""
    return "--" + row.name.replace("_", "-")


def _parse(row: Field[Any], text: str) -> Any:
    try:
        return row.metadata["parse"](text)
    except ValueError as fault:
        raise InvalidSetting(f"{env_name(row)} {fault}") from None

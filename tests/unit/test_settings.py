"""Settings: read once from texts, checked at once, secrets kept out of sight."""

import base64
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from chalicelib.settings import InvalidSetting, KmsKey, Settings, env_name, option

KEYS = [bytes([number]) * 32 for number in (1, 2)]
KEYS_TEXT = ",".join(base64.b64encode(key).decode() for key in KEYS)
SEALED = b"sealed by KMS"
SEALED_TEXT = "kms:" + base64.b64encode(SEALED).decode()
SHARDS_REFUSAL = "must be name=number, by commas, with each of jobs, tasks, lists, signals at most once"

EXAMPLES = {
    "BPMN_STORE": ("memory", "memory"),
    "BPMN_DATA": ("orders.db", "orders.db"),
    "BPMN_BUCKET": ("values", "values"),
    "BPMN_TASK_MODE": ("deferred", "deferred"),
    "BPMN_EXECUTOR": ("off", False),
    "BPMN_SET_TIME": ("on", True),
    "BPMN_BASIC_AUTH": ("ada:love:lace", "ada:love:lace"),
    "BPMN_API_KEY": ("a key", "a key"),
    "BPMN_JWT_ISSUER": ("https://id.example.com/realms/main/", "https://id.example.com/realms/main/"),
    "BPMN_JWT_AUDIENCE": ("bpmn", "bpmn"),
    "BPMN_JWT_ROLES_CLAIM": ("realm_access.roles", "realm_access.roles"),
    "BPMN_CORS": ("https://console.example.com", "https://console.example.com"),
    "BPMN_ENCRYPTION_KEYS": (f"{KEYS_TEXT},{SEALED_TEXT}", (*KEYS, KmsKey(SEALED))),
    "BPMN_HANDLERS": ("orders.handlers:worker", "orders.handlers:worker"),
    "BPMN_QUEUE": ("https://sqs.example/1/feed", "https://sqs.example/1/feed"),
    "BPMN_ENGINE_ID": ("engine-7", "engine-7"),
    "BPMN_TASK_RETRIES": ("3", 3),
    "BPMN_RETENTION": ("P90D", "P90D"),
    "BPMN_ARCHIVE": ("s3://archive/bpmn", "s3://archive/bpmn"),
    "BPMN_SHARDS": ("jobs=32, lists=64", (("jobs", 32), ("lists", 64))),
    "BPMN_LOG_LEVEL": ("info", "info"),
    "BPMN_LOG_FORMAT": ("json", "json"),
    "BPMN_METRICS": ("bpmn/prod", "bpmn/prod"),
    "BPMN_SURFACES_AUTH": ("none", "none"),
    "BPMN_COMPAT_HTTP_STATUS": ("always-200", "always-200"),
    "BPMN_COMPAT_OPEN_CLAIM": ("on", True),
    "BPMN_COMPAT_IMPLICIT_CLAIM": ("off", False),
    "BPMN_COMPAT_EMPTY_OUTPUTS_ON_ERROR": ("on", True),
    "BPMN_COMPAT_ERROR_STATUS": ("FAILED", "FAILED"),
    "BPMN_MICROFLOW_TIMEOUT": ("5", 5),
    "BPMN_MICROFLOW_STEPS": ("100", 100),
    "BPMN_MICROFLOW_TRACE": ("on", True),
    "BPMN_HTTP_HOSTS": ("API.example.com, *.example.org:8443", ("api.example.com", "*.example.org:8443")),
    "BPMN_DYNAMODB_TABLES": ("orders,rates-*", ("orders", "rates-*")),
    "BPMN_LAMBDA_FUNCTIONS": ("price", ("price",)),
    "BPMN_HOST": ("0.0.0.0", "0.0.0.0"),
    "BPMN_PORT": ("0", 0),
}
"""A text for each setting, and what it means."""


def name_of(row) -> str:
    return env_name(row)


@pytest.mark.parametrize("row", fields(Settings), ids=name_of)
def test_each_setting_is_read_from_its_environment_variable(row):
    text, value = EXAMPLES[env_name(row)]

    settings = Settings.read({env_name(row): text})

    assert settings == replace(Settings(), **{row.name: value})
    assert settings != Settings()


def test_there_are_no_other_settings():
    assert {env_name(row) for row in fields(Settings)} == EXAMPLES.keys()


@pytest.mark.parametrize("row", fields(Settings), ids=name_of)
def test_option_and_variable_have_one_name(row):
    assert env_name(row) == "BPMN_" + option(row).removeprefix("--").replace("-", "_").upper()


@pytest.mark.parametrize("row", fields(Settings), ids=name_of)
def test_first_source_that_has_a_setting_counts(row):
    name = env_name(row)
    text, value = EXAMPLES[name]

    assert getattr(Settings.read({name: text}, {name: "wrong:"}), row.name) == value
    assert getattr(Settings.read({}, {name: text}), row.name) == value
    assert getattr(Settings.read({name: ""}, {name: text}), row.name) == value


@pytest.mark.parametrize("row", fields(Settings), ids=name_of)
def test_empty_text_means_the_default(row):
    assert Settings.read({env_name(row): ""}) == Settings()


def test_defaults():
    settings = Settings.read({"PATH": "x", "BPMN": "x", "BPMN_UNKNOWN": "x"})

    assert settings == Settings()
    assert (settings.store, settings.task_mode, settings.set_time) == ("sqlite", "eager", False)
    assert (settings.engine_id, settings.task_retries) == ("default-engine", 0)
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.basic_auth, settings.api_key, settings.encryption_keys) == (None, None, ())


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("BPMN_STORE", "mysql", "must be one of memory, sqlite, dynamodb"),
        ("BPMN_STORE", "Memory", "must be one of memory, sqlite, dynamodb"),
        ("BPMN_TASK_MODE", "lazy", "must be one of eager, deferred"),
        ("BPMN_EXECUTOR", "maybe", "must be on or off"),
        ("BPMN_SET_TIME", "2", "must be on or off"),
        ("BPMN_BASIC_AUTH", "ada", "must be user:password"),
        ("BPMN_BASIC_AUTH", ":secret", "must be user:password"),
        ("BPMN_ENCRYPTION_KEYS", "not base64", "must be base64"),
        ("BPMN_ENCRYPTION_KEYS", "schlüssel", "must be base64"),
        ("BPMN_ENCRYPTION_KEYS", KEYS_TEXT + ",", "each key must have 32 bytes"),
        ("BPMN_ENCRYPTION_KEYS", base64.b64encode(b"short").decode(), "each key must have 32 bytes"),
        ("BPMN_ENCRYPTION_KEYS", "kms:not base64", "must be base64"),
        ("BPMN_ENCRYPTION_KEYS", "kms:", "each key must have 32 bytes"),
        ("BPMN_JWT_ISSUER", "id.example.com", "must be an https URL"),
        ("BPMN_JWT_ISSUER", "http://id.example.com", "must be an https URL"),
        ("BPMN_JWT_ISSUER", "https://user:password@id.example.com", "must be an https URL"),
        ("BPMN_JWT_ISSUER", "https://id.example.com/?a=b", "must be an https URL"),
        ("BPMN_JWT_ISSUER", "file:///etc/passwd", "must be an https URL"),
        ("BPMN_JWT_ISSUER", "http://localhost.example.com", "must be an https URL"),
        ("BPMN_CORS", "console.example.com", "must be an origin such as https://console.example.com, or *"),
        ("BPMN_CORS", "https://a.example/", "must be an origin such as https://console.example.com, or *"),
        ("BPMN_CORS", "https://a.example,*", "must be an origin such as https://console.example.com, or *"),
        ("BPMN_CORS", "https://a\nb", "must be an origin such as https://console.example.com, or *"),
        ("BPMN_TASK_RETRIES", "-1", "must be a whole number from 0 to 100"),
        ("BPMN_TASK_RETRIES", "101", "must be a whole number from 0 to 100"),
        ("BPMN_TASK_RETRIES", "1.5", "must be a whole number from 0 to 100"),
        ("BPMN_SHARDS", "jobs", "must be a whole number from 1 to 1024"),
        ("BPMN_SHARDS", "jobs=0", "must be a whole number from 1 to 1024"),
        ("BPMN_SHARDS", "jobs=4,", SHARDS_REFUSAL),
        ("BPMN_SHARDS", "jobs=4,jobs=8", SHARDS_REFUSAL),
        ("BPMN_SHARDS", "queues=4", SHARDS_REFUSAL),
        ("BPMN_RETENTION", "90 days", "must be an ISO 8601 duration such as P90D"),
        ("BPMN_RETENTION", "P", "must be an ISO 8601 duration such as P90D"),
        ("BPMN_RETENTION", "P1DT", "must be an ISO 8601 duration such as P90D"),
        ("BPMN_ARCHIVE", "s3://", "must be a directory, or s3://bucket/prefix"),
        ("BPMN_ARCHIVE", "s3:bucket", "must be a directory, or s3://bucket/prefix"),
        ("BPMN_LOG_LEVEL", "INFO", "must be one of debug, info, warning, error"),
        ("BPMN_LOG_FORMAT", "xml", "must be one of text, json"),
        ("BPMN_METRICS", "my engine", "must be off, or a namespace of letters, digits and ._-/#"),
        ("BPMN_METRICS", "AWS/Lambda", "must be off, or a namespace of letters, digits and ._-/#"),
        ("BPMN_PORT", "http", "must be a whole number from 0 to 65535"),
        ("BPMN_PORT", "65536", "must be a whole number from 0 to 65535"),
        ("BPMN_PORT", "٣", "must be a whole number from 0 to 65535"),
    ],
)
def test_wrong_text_is_refused_by_name_and_without_showing_it(name, text, reason):
    with pytest.raises(InvalidSetting) as refusal:
        Settings.read({name: text})

    assert str(refusal.value) == f"{name} {reason}"
    assert refusal.value.__cause__ is None


def test_metrics_can_be_switched_off():
    assert Settings.read({"BPMN_METRICS": "off"}) == Settings()


@pytest.mark.parametrize("text", ["on", "ON", "true", "True", "1", "yes"])
def test_on(text):
    assert Settings.read({"BPMN_SET_TIME": text}).set_time is True


@pytest.mark.parametrize("text", ["off", "Off", "false", "0", "no"])
def test_off(text):
    assert Settings.read({"BPMN_SET_TIME": text}).set_time is False


@pytest.mark.parametrize(
    ("mode", "executor", "runs"),
    [
        ("eager", "", True),
        ("eager", "off", False),
        ("eager", "on", True),
        ("deferred", "", False),
        ("deferred", "on", True),
        ("deferred", "off", False),
    ],
)
def test_executor_is_off_in_deferred_mode_unless_asked_for(mode, executor, runs):
    assert Settings.read({"BPMN_TASK_MODE": mode, "BPMN_EXECUTOR": executor}).runs_executor is runs


def test_secrets_are_in_no_text_form():
    settings = Settings.read({name: text for name, (text, _) in EXAMPLES.items()})

    for text in (repr(settings), str(settings), f"{settings!r}"):
        assert "orders.db" in text
        for secret in ("love", "lace", "a key", KEYS_TEXT[:10], "\\x01", "basic_auth", "encryption_keys"):
            assert secret not in text


@pytest.mark.parametrize("text", [f"{SEALED_TEXT},{KEYS_TEXT}", f"{KEYS_TEXT},{SEALED_TEXT}"])
def test_keys_of_both_kinds_keep_their_order(text):
    keys = Settings.read({"BPMN_ENCRYPTION_KEYS": text}).encryption_keys

    assert keys == ((KmsKey(SEALED), *KEYS) if text.startswith("kms:") else (*KEYS, KmsKey(SEALED)))


def test_settings_are_frozen():
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1

"""The table of verbs: complete, and true about what it names. And what importing the command costs."""

import subprocess
import sys
from typing import Any, get_args

import pytest

from chalicelib.cli import codes, options, output
from chalicelib.cli.operate import make_parser
from chalicelib.cli.verbs import VERBS, Verb
from chalicelib.contract import results
from chalicelib.contract.process_runtime import ObjectsEnvelope, TextEnvelope
from chalicelib.contract.surfaces import ENGINE, MICROFLOW_RUNTIME
from tests.cli.server import PATIENCE, environment

HEAVY = ("chalice", "boto3", "botocore", "lxml", "uvicorn", "cryptography")


def name(verb: Verb) -> str:
    return " ".join(verb.words)


def record(result: type[results.Result]) -> type[results.Result]:
    """What one line of a table shows."""
    found = [field.annotation for alias, field in aliases(result).items() if alias in output.LISTS]
    return get_args(found[0])[0] if found else result


def aliases(model: type[Any]) -> dict[str, Any]:
    return {field.alias: field for field in model.model_fields.values()}


def has_column(model: Any, column: str) -> bool:
    first, _, rest = column.partition(".")
    if first not in aliases(model):
        return False
    inner = aliases(model)[first].annotation
    return not rest or any(has_column(part, rest) for part in get_args(inner) if part is not type(None))


def test_every_operation_has_a_verb():
    called = {operation for verb in VERBS for operation in (verb.operation, verb.of_element) if operation}

    assert {row.name for surface in (ENGINE, MICROFLOW_RUNTIME) for row in surface.operations} <= called


def test_words_are_unique():
    assert len({verb.words for verb in VERBS}) == len(VERBS)


@pytest.mark.parametrize("verb", VERBS, ids=name)
class TestVerb:
    def test_is_a_table_if_there_are_records(self, verb):
        result = options.OPERATION_OF[verb.of_element or verb.operation].result

        assert bool(verb.columns or verb.content) == (result not in (None, TextEnvelope))
        assert {verb.content, verb.fault} - {""} <= (aliases(result).keys() if result else set())
        if result is ObjectsEnvelope:
            return
        assert [column for column in verb.columns if not has_column(record(result), column)] == []

    def test_takes_every_field_of_its_operation_once(self, verb):
        command = options.OPERATION_OF[verb.of_element or verb.operation].command
        actions = make_parser(verb, {})._actions
        destinations = [action.dest for action in actions]
        said = ["document"] if verb.reads_body else [field.key for field in options.fields(command)]
        expected = set(said) - verb.fixed.keys()

        assert expected <= set(destinations)
        assert len(set(destinations)) == len(destinations)

    def test_of_an_element_takes_at_least_what_its_operation_takes(self, verb):
        if verb.of_element:
            one, other = (
                {field.key for field in options.fields(options.OPERATION_OF[name].command)}
                for name in (verb.operation, verb.of_element)
            )
            assert one <= other

    def test_has_help_that_explains_the_exit_codes(self, verb, capsys):
        with pytest.raises(SystemExit) as end:
            make_parser(verb, {}).parse_intermixed_args(["--help"])

        shown = capsys.readouterr().out
        assert end.value.code == 0
        assert shown.startswith(f"usage: bpmn {name(verb)} ")
        assert options.summary(verb) in shown
        assert all(f"  {code}  {meaning}\n" in shown for code, meaning in codes.MEANINGS.items())
        assert all(f"({variable}" in shown for variable in ("BPMN_ADDRESS", "BPMN_API_KEY"))


# What is shown


def test_nothing_in_a_table_moves_the_cursor():
    row = {"id": 1, "error": "red: \x1b[31m\r\nrest\t\u202e", "tags": [], "encrypted": True}

    assert output.as_table(row, ("id", "tags", "encrypted", "error")) == (
        "ID  TAGS  ENCRYPTED  ERROR\n1   -     yes        red: \\x1b[31m\\r\\nrest\\t\\u202e\n"
    )


def test_long_values_are_not_cut():
    long = "x" * 5000

    assert (
        output.as_table({"results": [{"id": 1, "name": long}]}, ("id", "name")) == f"ID  NAME\n1   {long}\n"
    )


# What is loaded


def loaded(code: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n', *sys.modules)"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return ended.stdout.splitlines()[-1].split()


def test_help_loads_neither_engine_nor_contract():
    modules = loaded("from chalicelib.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass")

    assert not {*HEAVY, "pydantic", "chalicelib.contract"} & set(modules)


def test_verbs_load_no_engine():
    modules = loaded("import chalicelib.cli.operate")

    assert "chalicelib.contract.native" in modules
    assert not {*HEAVY, "chalicelib.service", "chalicelib.storage", "chalicelib.api"} & set(modules)

"""The OpenAPI document says what the operations do, and is the one in `docs/`."""

import json
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib.api import openapi
from chalicelib.contract import surfaces
from chalicelib.contract.native import OPERATIONS
from tests import docs
from tests.api import contract

DOCUMENT = openapi.build()
EVERYWHERE = {"400", "401", "403", "415", "500", "503"}


def described(row) -> dict:
    return DOCUMENT["paths"][row.path][row.method.lower()]


def schema(name: str) -> dict:
    return DOCUMENT["components"]["schemas"][name]


def test_document_is_valid():
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_document_is_served_as_it_is_kept(api):
    answer = api.send("GET", "/openapi.json", headers={"Authorization": None, "Content-Type": None})

    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.body.decode() == openapi.render()
    assert json.loads(openapi.render()) == DOCUMENT


def test_kept_pages_are_fresh():
    assert docs.main(["--check"]) is None


def test_document_has_every_operation_and_no_other():
    found = {
        (verb.upper(), path, operation["operationId"])
        for path, verbs in DOCUMENT["paths"].items()
        for verb, operation in verbs.items()
    }

    assert found == {
        (method, row.path, row.name + (f"By{method.title()}" if method in row.further_methods else ""))
        for row in surfaces.OPERATIONS
        for method in (row.method, *row.further_methods)
    }


OWN = [(surface, row) for surface in surfaces.SURFACES if surface.own_access for row in surface.operations]


@pytest.mark.parametrize(("surface", "row"), OWN, ids=lambda part: part.name)
def test_further_surfaces_refuse_in_their_own_shape(surface, row):
    described = DOCUMENT["paths"][row.path][row.method.lower()]
    success = described["responses"].pop(str(row.status))

    assert list(success["content"]) == [row.content_type]
    assert described["responses"].keys() == surface.refusals.keys()
    for status, refusal in described["responses"].items():
        if row.result is None:
            assert refusal["content"] == {row.content_type: {"schema": {"type": "string"}}}
            continue
        alone = row.result if row.answers_alone and status == "400" else None
        shape = alone or row.refusal or surface.refusal
        assert refusal["content"][surface.refusal_type]["schema"]["$ref"].endswith(shape.__name__)
    assert {"ownKey": []} in described["security"]
    assert described["tags"] == [surface.name]


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
class TestOperation:
    def test_says_every_status(self, row):
        responses = described(row)["responses"]

        assert set(contract.OPERATIONS[row.name]["responses"]) | EVERYWHERE <= responses.keys()
        assert [status for status in responses if status < "300"] == [str(row.status)]

    def test_says_which_body_comes_with_which_status(self, row):
        for status, response in described(row)["responses"].items():
            assert response["description"]
            content = response.get("content", {})
            if status in ("401", "403") or (status == "204"):
                assert content == {}
            elif status == str(row.status):
                assert list(content) == [row.content_type]
            elif (status, row.content_type) == ("503", "text/plain"):
                assert list(content) == ["text/plain"]
            else:
                assert list(content) == ["application/problem+json"]
                assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem")

    def test_has_the_parameters_of_the_contract(self, row):
        found = {
            parameter["name"]: (parameter["in"], parameter["required"], parameter["schema"].get("minimum"))
            for parameter in described(row).get("parameters", ())
        }

        # Our addition to the contract.
        assert (found.pop("Idempotency-Key", None) is not None) == row.changes_something
        assert found == {
            name: (place, field.is_required, field.limits.get("minimum"))
            for name, (place, field) in contract.parameters(row.name).items()
        }

    def test_has_the_body_of_the_contract(self, row):
        request = contract.OPERATIONS[row.name].get("request")
        if request is None:
            assert "requestBody" not in described(row)
            return
        body = schema(row.command.__name__)
        expected = contract.fields(request)

        assert described(row)["requestBody"]["required"]
        assert body["properties"].keys() == expected.keys() | contract.EXTENSIONS.get(request, set())
        assert set(body.get("required", ())) == {
            name for name, field in expected.items() if field.is_required
        }
        assert body["additionalProperties"] is False

    def test_asks_for_credentials_except_where_it_does_not(self, row):
        assert ("security" in described(row)) == (not row.needs_credentials)
        assert described(row).get("security", []) == []


def test_credentials_are_basic_bearer_or_a_bare_key():
    schemes = DOCUMENT["components"]["securitySchemes"].values()

    assert DOCUMENT["security"] == [{"basic": []}, {"bearer": []}, {"key": []}]
    assert [scheme.get("scheme") or scheme["name"] for scheme in schemes] == [
        "basic",
        "bearer",
        "Authorization",
        "X-API-Key",
    ]


# The command that writes the pages


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text(
        f"# Title\n\n{docs.SETTINGS_BEGIN}\nold\n{docs.SETTINGS_END}\n\nmore\n"
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "security.md").write_text(f"{docs.ROLES_BEGIN}\n{docs.ROLES_END}\n")
    (tmp_path / "docs" / "expressions.md").write_text(
        f"{docs.LIMITS_BEGIN}\n{docs.LIMITS_END}\n{docs.BUILTINS_BEGIN}\n{docs.BUILTINS_END}\n"
    )
    (tmp_path / "docs" / "modeler.md").write_text(f"{docs.DIALECTS_BEGIN}\n{docs.DIALECTS_END}\n")
    return tmp_path


def test_old_pages_are_named_with_the_command_that_refreshes_them(repository):
    assert docs.main(["--check"], repository) == f"{', '.join(docs.PAGES)} is old; run `make docs`"
    assert not (repository / "docs" / "openapi.json").exists()


def test_pages_are_fresh_once_they_are_written(repository):
    assert docs.main([], repository) is None

    assert docs.main(["--check"], repository) is None
    assert (repository / "docs" / "openapi.json").read_text() == openapi.render()
    page = (repository / "README.md").read_text()
    assert page.startswith(f"# Title\n\n{docs.SETTINGS_BEGIN}\n\n| Environment |")
    assert page.endswith(f"|\n\n{docs.SETTINGS_END}\n\nmore\n")


@pytest.mark.parametrize(
    "page",
    [
        "",
        docs.SETTINGS_BEGIN,
        docs.SETTINGS_END + docs.SETTINGS_BEGIN,
        2 * (docs.SETTINGS_BEGIN + docs.SETTINGS_END),
    ],
)
def test_page_without_the_two_markers_is_refused(page):
    with pytest.raises(ValueError, match="each once"):
        docs.with_settings_table(page)


def test_tables_of_roles_say_what_the_rows_say():
    table = docs.roles_table()

    assert "| `worker` | a program that takes part:" in table
    assert "| Operation | `admin` | `deployer` | `operator` | `worker` | `user` | `read-only` |" in table
    assert "| `unlockJobs` | x |  | x | x |  |  |" in table
    assert "| `setTime` | x |  |  |  |  |  |" in table


def test_table_has_every_setting_and_no_secret_default():
    table = docs.settings_table()

    assert "| `BPMN_STORE` | `--store` | `sqlite` |" in table
    assert "| `BPMN_PORT` | `--port` | `8080` |" in table
    assert "| `BPMN_SET_TIME` | `--set-time` | `off` |" in table
    assert "| `BPMN_API_KEY` | `--api-key` | - |" in table

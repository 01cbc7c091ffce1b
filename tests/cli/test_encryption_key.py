"""`bpmn encryption-key create`: what it prints is an entry of the setting, and no secret."""

import pytest

from chalicelib.cli import main
from chalicelib.settings import Settings
from chalicelib.storage.kms import open_key
from tests.storage.aws import REGION, kms_keys


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def test_prints_an_entry_of_the_setting(capsys):
    with kms_keys() as kms_key:
        assert main(["encryption-key", "create", kms_key]) == 0

        output, errors = capsys.readouterr()
        (key,) = Settings.read({"BPMN_ENCRYPTION_KEYS": output.strip()}).encryption_keys
        clear = open_key(key.sealed)

    assert (len(clear), errors) == (32, "")
    assert clear not in key.sealed


def test_kms_key_that_does_not_exist_is_a_sentence(capsys):
    with kms_keys():
        assert main(["encryption-key", "create", "alias/none"]) == 1

    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("bpmn: AWS KMS makes no key with alias/none: ")


@pytest.mark.parametrize("words", [(), ("create",), ("nap",)])
def test_wrong_usage(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(["encryption-key", *words])

    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: bpmn encryption-key")

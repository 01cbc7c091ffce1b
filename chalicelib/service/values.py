"""The values of variables, for expressions of the model: read when they are needed, and deciphered."""

from dataclasses import dataclass

from ..engine.errors import InvalidCommand
from ..engine.evaluation import EvaluationFailed
from ..engine.records import Variable
from .environment import Environment, Work


@dataclass(frozen=True, slots=True)
class StoredValues:
    """The values of one process instance (`engine.evaluation.Values`)."""

    env: Environment
    work: Work

    def stored(self, variable: Variable) -> str:
        """The value as it is stored: the text as given, or its cipher text.

        Raises:
            Overtaken: It was replaced meanwhile.
        """
        if variable.value is None:
            self.env.store.read_values(self.work, [variable])
        return variable.value or ""

    def clear(self, variable: Variable) -> str:
        """The text as given.

        Raises:
            Overtaken: It was replaced meanwhile.
            EvaluationFailed: It is encrypted, and there is no key.
        """
        self.stored(variable)
        try:
            return clear(variable, self.env)
        except InvalidCommand as fault:
            raise EvaluationFailed(fault.detail) from fault

    def encrypt(self, text: str) -> str:
        """Cipher text of a value, made of one that was encrypted."""
        assert self.env.cipher is not None, "something encrypted was read"
        return self.env.cipher.encrypt(text)


def clear(variable: Variable, env: Environment) -> str:
    """The value of a variable that was read, as it was given.

    Raises:
        InvalidCommand: It is encrypted, and there is no key.
    """
    value = variable.value or ""
    if not variable.encrypted:
        return value
    if env.cipher is None:
        raise InvalidCommand(f"variable {variable.name} is encrypted, and no encryption key is configured")
    return env.cipher.decrypt(value)

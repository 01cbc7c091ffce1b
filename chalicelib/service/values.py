"""The values of variables, for expressions of the model: read when they are needed, and deciphered."""

from dataclasses import dataclass

from ..engine.errors import InvalidCommand
from ..engine.evaluation import EvaluationFailed
from ..engine.records import Variable
from .environment import Environment, Work, WrongKey


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
            EvaluationFailed: It is encrypted, and there is no key that fits.
        """
        self.stored(variable)
        try:
            return clear(variable, self.env)
        except InvalidCommand as fault:
            raise EvaluationFailed(fault.detail) from fault

    def encrypt(self, text: str) -> str:
        """Cipher text of a value, made of one that was encrypted."""
        if self.env.cipher is None:
            raise EvaluationFailed("no encryption key is configured, to keep a value encrypted")
        return self.env.cipher.encrypt(text)


def clear(variable: Variable, env: Environment) -> str:
    """The value of a variable that was read, as it was given.

    Raises:
        InvalidCommand: It is encrypted, and there is no key that fits.
    """
    value = variable.value or ""
    if not variable.encrypted:
        return value
    if env.cipher is None:
        raise InvalidCommand(f"variable {variable.name} is encrypted, and no encryption key is configured")
    try:
        return env.cipher.decrypt(value)
    except WrongKey as fault:
        raise InvalidCommand(f"variable {variable.name}: {fault}") from fault

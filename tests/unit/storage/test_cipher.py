"""The cipher: which key, opened when, and how often."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.service.environment import WrongKey
from chalicelib.storage.cipher import AesCipher
from tests.play import counted_bytes

KEYS = [bytes([number]) * 32 for number in (1, 2, 3)]


class Sealed:
    """A key that has to be opened, and counts how often it was."""

    def __init__(self, key: bytes, failures: int = 0) -> None:
        self.key = key
        self.failures = failures
        self.opened = 0

    def __call__(self) -> bytes:
        self.opened += 1
        if self.opened <= self.failures:
            raise TimeoutError("nobody answers")
        return self.key


def cipher(*keys) -> AesCipher:
    return AesCipher(keys, counted_bytes())


def test_no_key_is_opened_before_it_is_needed():
    first, second = Sealed(KEYS[0]), Sealed(KEYS[1])
    both = cipher(first, second)
    assert (first.opened, second.opened) == (0, 0)

    sealed = [both.encrypt(str(number)) for number in range(10)]
    assert [both.decrypt(text) for text in sealed] == [str(number) for number in range(10)]
    assert (first.opened, second.opened) == (1, 0), "values of the first key need no other"

    of_second = cipher(KEYS[1]).encrypt("old")
    assert [both.decrypt(of_second) for _ in range(10)] == ["old"] * 10
    assert (first.opened, second.opened) == (1, 1)


def test_threads_open_a_key_once():
    key, start = Sealed(KEYS[0]), threading.Barrier(8)
    shared = cipher(key)

    def work(number: int) -> str:
        start.wait()
        return shared.decrypt(shared.encrypt(str(number)))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [str(number) for number in range(8)]
    assert key.opened == 1


def test_key_that_could_not_be_opened_is_tried_again():
    key = Sealed(KEYS[0], failures=1)
    later = cipher(key)

    with pytest.raises(TimeoutError):
        later.encrypt("1")

    assert later.decrypt(later.encrypt("1")) == "1"
    assert key.opened == 2


def test_value_of_a_key_that_was_taken_away():
    text = cipher(KEYS[2]).encrypt("1")

    with pytest.raises(WrongKey):
        cipher(KEYS[0], Sealed(KEYS[1])).decrypt(text)

"""Encryption of variable values: AES-256-GCM, with rotation of keys."""

import base64
from collections.abc import Callable, Sequence
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..service.environment import WrongKey

NONCE_BYTES = 12
"""Source: NIST SP 800-38D, 8.2: 96 bits."""


Key = bytes | Callable[[], bytes]
"""32 bytes, or what opens them; it is called when the key is first needed."""


class AesCipher:
    """Encrypts with the first of several keys, decrypts with any of them."""

    def __init__(self, keys: Sequence[Key], random_bytes: Callable[[int], bytes]) -> None:
        """Keep the keys; none is opened yet.

        Args:
            keys: At least one.
            random_bytes: Source of nonces.
        """
        self._keys = [_LateKey(key) for key in keys]
        self._random_bytes = random_bytes

    def encrypt(self, text: str) -> str:
        """Cipher text, base64 of nonce and sealed value."""
        nonce = self._random_bytes(NONCE_BYTES)
        return base64.b64encode(nonce + self._keys[0].aes.encrypt(nonce, text.encode(), None)).decode()

    def decrypt(self, text: str) -> str:
        """The value.

        Raises:
            WrongKey: None of the keys fits.
        """
        sealed = base64.b64decode(text)
        for key in self._keys:
            try:
                return key.aes.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()
            except InvalidTag:
                continue
        raise WrongKey("no encryption key decrypts the value")


class _LateKey:
    """A key that is opened once for all threads; one that could not be opened is tried at the next need."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._aes: AESGCM | None = None
        self._lock = Lock()

    @property
    def aes(self) -> AESGCM:
        with self._lock:
            if self._aes is None:
                self._aes = AESGCM(self._key if isinstance(self._key, bytes) else self._key())
            return self._aes

"""Encryption of variable values: AES-256-GCM, with rotation of keys."""

import base64
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
"""Source: NIST SP 800-38D, 8.2: 96 bits."""


class WrongKey(Exception):
    """None of the keys decrypts a value: its key was taken away, or the text was changed."""


class AesCipher:
    """Encrypts with the first of several keys, decrypts with any of them."""

    def __init__(self, keys: Sequence[bytes], random_bytes: Callable[[int], bytes]) -> None:
        """Keep the keys.

        Args:
            keys: 32 bytes each, at least one.
            random_bytes: Source of nonces.
        """
        self._keys = [AESGCM(key) for key in keys]
        self._random_bytes = random_bytes

    def encrypt(self, text: str) -> str:
        """Cipher text, base64 of nonce and sealed value."""
        nonce = self._random_bytes(NONCE_BYTES)
        return base64.b64encode(nonce + self._keys[0].encrypt(nonce, text.encode(), None)).decode()

    def decrypt(self, text: str) -> str:
        """The value.

        Raises:
            WrongKey: None of the keys fits.
        """
        sealed = base64.b64decode(text)
        for key in self._keys:
            try:
                return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()
            except InvalidTag:
                continue
        raise WrongKey("no encryption key decrypts the value")

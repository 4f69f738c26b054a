"""The external key manager of the simulation: AES-GCM as in the proxy API specification."""

import base64
import hashlib
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator.scenario.xks_settings import ExternalKey

IV_BYTES = 12
IV_SIZES_BYTES = (12, 16)
TAG_BYTES = 16
MAX_METADATA_BYTES = 20
_METADATA = b"key_version=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The result of an encryption. ``metadata`` is the specification's ciphertextMetadata."""

    ciphertext: bytes
    iv: bytes
    tag: bytes
    metadata: bytes = b""


def seal(key: ExternalKey, plaintext: bytes, additional: bytes) -> Sealed:
    iv = os.urandom(IV_BYTES)
    sealed = _cipher(key).encrypt(iv, plaintext, _bound(additional, _METADATA))
    return Sealed(ciphertext=sealed[:-TAG_BYTES], iv=iv, tag=sealed[-TAG_BYTES:], metadata=_METADATA)


def unseal(key: ExternalKey, sealed: Sealed, additional: bytes) -> bytes | None:
    """The plaintext; None if anything differs from the output of `seal`."""
    bound = _bound(additional, sealed.metadata)
    try:
        return _cipher(key).decrypt(sealed.iv, sealed.ciphertext + sealed.tag, bound)
    except InvalidTag:
        return None


def integrity_value(sealed: Sealed, additional: bytes) -> str:
    """The ciphertextDataIntegrityValue (appendix C of the specification)."""
    parts = (additional, sealed.metadata, sealed.iv, sealed.ciphertext, sealed.tag)
    return base64.b64encode(hashlib.sha256(b"".join(parts)).digest()).decode()


def _cipher(key: ExternalKey) -> AESGCM:
    """Derived from the key's name, so that all proxies of a simulation have the same key without storage."""
    return AESGCM(hashlib.sha256(b"a key of the simulated network: " + key.id.encode()).digest())


def _bound(additional: bytes, metadata: bytes) -> bytes:
    """Length-prefixed, so that metadata cannot be taken for additional data (specification, Encrypt)."""
    return len(additional).to_bytes(2, "big") + additional + len(metadata).to_bytes(1, "big") + metadata

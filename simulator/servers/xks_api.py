"""The four operations of the XKS proxy API: path and body in, status and JSON document out. Pure.

XKS proxy API specification 1.0.3. Authentication is not done here.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from simulator.scenario.xks_settings import ExternalKey
from simulator.servers import xks_keys
from simulator.servers.xks_keys import Sealed

MAX_MANAGERS = 10
MAX_TEXT_BYTES = 4300  # of plaintext or ciphertext; a proxy must accept this much
MAX_ADDITIONAL_BYTES = 8192
_API_VERSION = "/kms/xks/v1"
_KEY_PATH = re.compile(r"/keys/([A-Za-z0-9._-]{1,128})/(metadata|encrypt|decrypt)", re.ASCII)
_MAX_PATH = 256  # the specification limits the whole URI
_REQUIRED = ("kmsOperation", "kmsRequestId")
STATUSES = {
    "ValidationException": 400,
    "InvalidStateException": 400,
    "InvalidCiphertextException": 400,
    "InvalidKeyUsageException": 400,
    "AuthenticationFailedException": 401,
    "AccessDeniedException": 403,
    "KeyNotFoundException": 404,
    "InvalidUriPathException": 404,
    "ThrottlingException": 429,
    "InternalException": 500,
    "UnsupportedOperationException": 501,
    "DependencyTimeoutException": 503,
}


class Operation(StrEnum):
    """The value is the path's last word."""

    HEALTH = "health"
    METADATA = "metadata"
    ENCRYPT = "encrypt"
    DECRYPT = "decrypt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The operation and key that a path selects."""

    operation: Operation
    key_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The proxy's response before HTTP encoding."""

    status: int
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The key managers behind the proxy, as pairs of name and healthStatus."""

    states: Sequence[tuple[str, str]]
    proxies: int = 2


class _RefusedError(Exception):
    """An error of the API: ``name`` is one of STATUSES."""

    def __init__(self, name: str, message: str) -> None:
        self.name, self.message = name, message
        super().__init__(name)


def route(path: str, prefix: str) -> Route | None:
    """The route of ``path``; None if the API has no such path. ``prefix`` comes before ``/kms/xks/v1``."""
    api = prefix + _API_VERSION
    if not path.startswith(api) or len(path) > _MAX_PATH:
        return None
    inner = path.removeprefix(api)
    if inner == "/health":
        return Route(operation=Operation.HEALTH)
    match = _KEY_PATH.fullmatch(inner)
    return Route(operation=Operation(match[2]), key_id=match[1]) if match else None


def error(name: str, message: str) -> Answer:
    return Answer(status=STATUSES[name], document={"errorName": name, "errorMessage": message})


def perform(requested: Route, body: bytes, keys: Sequence[ExternalKey], fleet: Fleet) -> Answer:
    """The operation's response or error. Never raises, whatever the body."""
    try:
        return Answer(status=200, document=_performed(requested, body, keys, fleet))
    except _RefusedError as refused:
        return error(refused.name, refused.message)


def _performed(requested: Route, body: bytes, keys: Sequence[ExternalKey], fleet: Fleet) -> Mapping[str, Any]:
    document = _object(body)
    metadata = document.get("requestMetadata")
    if not isinstance(metadata, dict):
        raise _RefusedError("ValidationException", "requestMetadata is missing")
    for name in _REQUIRED:
        _text(metadata, name)
    if requested.operation is Operation.HEALTH:
        return health(fleet)
    _text(metadata, "awsPrincipalArn")
    if requested.operation is Operation.METADATA:
        return key_metadata(_key(requested.key_id, keys))
    _text(metadata, "kmsKeyArn")
    if _text(document, "encryptionAlgorithm") != "AES_GCM":
        raise _RefusedError("ValidationException", "encryptionAlgorithm must be AES_GCM")
    additional = _bytes(document, "additionalAuthenticatedData", MAX_ADDITIONAL_BYTES, is_optional=True)
    of_key = _encrypt if requested.operation is Operation.ENCRYPT else _decrypt
    return of_key(document, additional, requested.key_id, keys)


def health(fleet: Fleet) -> dict[str, Any]:
    """GetHealthStatus: every field is required."""
    return {
        "xksProxyFleetSize": fleet.proxies,
        "xksProxyVendor": "Simulated Network",
        "xksProxyModel": "Simulated Proxy 1",
        "ekmVendor": "Simulated Network",
        "ekmFleetDetails": [
            {"id": name, "model": "Simulated HSM", "healthStatus": state} for name, state in fleet.states
        ],
    }


def key_metadata(key: ExternalKey) -> dict[str, Any]:
    status = "ENABLED" if key.is_enabled else "DISABLED"
    return {"keySpec": key.spec, "keyUsage": list(key.usage), "keyStatus": status}


def _encrypt(
    document: dict[str, Any], additional: bytes, key_id: str, keys: Sequence[ExternalKey]
) -> dict[str, str]:
    plaintext = _bytes(document, "plaintext", MAX_TEXT_BYTES)
    checked = document.get("ciphertextDataIntegrityValueAlgorithm")
    if checked not in {None, "SHA_256"} if isinstance(checked, str | None) else True:
        raise _RefusedError("ValidationException", "ciphertextDataIntegrityValueAlgorithm must be SHA_256")
    key = _usable(_key(key_id, keys), "ENCRYPT")
    if checked:
        _usable(key, "DECRYPT")  # appendix C: a proxy must decrypt to verify the value
    sealed = xks_keys.seal(key, plaintext, additional)
    answer = {
        "ciphertext": _base64(sealed.ciphertext),
        "ciphertextMetadata": _base64(sealed.metadata),
        "initializationVector": _base64(sealed.iv),
        "authenticationTag": _base64(sealed.tag),
    }
    if checked:
        answer["ciphertextDataIntegrityValue"] = xks_keys.integrity_value(sealed, additional)
        if xks_keys.unseal(key, sealed, additional) != plaintext:
            raise _RefusedError("InternalException", "the ciphertext does not decrypt to the plaintext")
    return answer


def _decrypt(
    document: dict[str, Any], additional: bytes, key_id: str, keys: Sequence[ExternalKey]
) -> dict[str, str]:
    max_metadata = xks_keys.MAX_METADATA_BYTES
    sealed = Sealed(
        ciphertext=_bytes(document, "ciphertext", MAX_TEXT_BYTES),
        iv=_bytes(document, "initializationVector"),
        tag=_bytes(document, "authenticationTag"),
        metadata=_bytes(document, "ciphertextMetadata", is_optional=True),
    )
    if len(sealed.iv) not in xks_keys.IV_SIZES_BYTES or len(sealed.tag) != xks_keys.TAG_BYTES:
        raise _RefusedError(
            "ValidationException", "initializationVector or authenticationTag has a wrong size"
        )
    if len(sealed.metadata) > max_metadata:
        raise _RefusedError("ValidationException", f"ciphertextMetadata is over {max_metadata} bytes")
    plaintext = xks_keys.unseal(_usable(_key(key_id, keys), "DECRYPT"), sealed, additional)
    if plaintext is None:
        raise _RefusedError("InvalidCiphertextException", "the ciphertext was not created with this key")
    return {"plaintext": _base64(plaintext)}


def _key(key_id: str, keys: Sequence[ExternalKey]) -> ExternalKey:
    for key in keys:
        if key.id == key_id:
            return key
    raise _RefusedError("KeyNotFoundException", "there is no such key")


def _usable(key: ExternalKey, usage: str) -> ExternalKey:
    if not key.is_enabled:
        raise _RefusedError("InvalidStateException", "the key is disabled")
    if usage not in key.usage or key.spec != "AES_256":
        raise _RefusedError("InvalidKeyUsageException", f"the key is not for {usage} with AES_256")
    return key


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _RefusedError("ValidationException", "the body is not a JSON object")
    return document


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise _RefusedError("ValidationException", f"{name} must be a string")
    return value


def _bytes(
    document: Mapping[str, Any], name: str, max_bytes: int | None = None, *, is_optional: bool = False
) -> bytes:
    """Decode standard Base64. Above the size a proxy must accept, the specification has a separate error."""
    value = document.get(name)
    if value is None and is_optional:
        return b""
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        data = None
    if data is None:
        raise _RefusedError("ValidationException", f"{name} must be Base64")
    if max_bytes is not None and len(data) > max_bytes:
        raise _RefusedError("UnsupportedOperationException", f"{name} is over {max_bytes} bytes")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

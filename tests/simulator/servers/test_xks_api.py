"""The four operations, in the cases of AWS's test client and beyond."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network.xks_requests import HEALTH, METADATA

from simulator.scenario.xks_settings import DEFAULT_KEYS
from simulator.servers.xks_api import Fleet, Operation, Route, perform, route

FLEET = Fleet(states=(("hsm-1", "ACTIVE"), ("hsm-2", "DEGRADED")))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def answered(operation: str, document: object, key_id: str = "foo") -> tuple[int, dict[str, Any]]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    answer = perform(Route(operation=Operation(operation), key_id=key_id), body, DEFAULT_KEYS, FLEET)
    return answer.status, dict(answer.document)


def to_encrypt(text: bytes = b"Hello", /, **more: object) -> dict[str, object]:
    document = {
        "requestMetadata": METADATA,
        "plaintext": b64(text),
        "encryptionAlgorithm": "AES_GCM",
        **more,
    }
    return {name: value for name, value in document.items() if value is not ...}


def to_decrypt(encrypted: dict[str, Any], **more: object) -> dict[str, object]:
    fields = ("ciphertext", "ciphertextMetadata", "initializationVector", "authenticationTag")
    document = {name: encrypted[name] for name in fields}
    document |= {"requestMetadata": METADATA, "encryptionAlgorithm": "AES_GCM", **more}
    return {name: value for name, value in document.items() if value is not ...}


@pytest.mark.parametrize(
    ("path", "prefix", "operation_and_key"),
    [
        ("/kms/xks/v1/health", "", ("health", "")),
        ("/a/kms/xks/v1/keys/b.c_D-1/encrypt", "/a", ("encrypt", "b.c_D-1")),
        ("/kms/xks/v1/keys/x/metadata", "", ("metadata", "x")),
        ("/kms/xks/v1/keys/" + "x" * 128 + "/decrypt", "", ("decrypt", "x" * 128)),
        ("/kms/xks/v1/keys/" + "x" * 129 + "/decrypt", "", None),
        ("/a" * 110 + "/kms/xks/v1/keys/" + "x" * 120 + "/decrypt", "/a" * 110, None),
        ("/kms/xks/v1/health", "/a", None),
        ("/a/kms/xks/v1/health", "", None),
        ("/kms/xks/v1/health/", "", None),
        ("/kms/xks/v1/health?x", "", None),
        ("/kms/xks/v2/health", "", None),
        ("/kms/xks/v1//health", "", None),
        ("/kms/xks/v1/keys/a%20b/encrypt", "", None),
        ("/kms/xks/v1/keys/x/sign", "", None),
    ],
)
def test_a_path_gives_an_operation_and_a_key_or_is_rejected(
    path: str, prefix: str, operation_and_key: tuple[str, str] | None
) -> None:
    found = route(path, prefix)
    assert (None if found is None else (found.operation, found.key_id)) == operation_and_key


def test_health_has_all_that_the_specification_requires() -> None:
    status, document = answered("health", HEALTH)
    assert status == 200
    assert set(document) == {
        *("xksProxyFleetSize", "xksProxyVendor", "xksProxyModel", "ekmVendor", "ekmFleetDetails")
    }
    assert document["ekmFleetDetails"] == [
        {"id": "hsm-1", "model": "Simulated HSM", "healthStatus": "ACTIVE"},
        {"id": "hsm-2", "model": "Simulated HSM", "healthStatus": "DEGRADED"},
    ]


@pytest.mark.parametrize(
    ("key_id", "spec", "usage", "status"),
    [
        ("foo", "AES_256", ["ENCRYPT", "DECRYPT"], "ENABLED"),
        ("encrypt_only_key", "AES_256", ["ENCRYPT"], "ENABLED"),
        ("impotent_key", "AES_256", ["SIGN", "VERIFY"], "ENABLED"),
        ("disabled_key", "AES_256", ["ENCRYPT", "DECRYPT"], "DISABLED"),
        ("aes_128_key", "AES_128", ["ENCRYPT", "DECRYPT"], "ENABLED"),
    ],
)
def test_metadata_describes_the_key(key_id: str, spec: str, usage: list[str], status: str) -> None:
    found = answered("metadata", {"requestMetadata": METADATA}, key_id)
    assert found == (200, {"keySpec": spec, "keyUsage": usage, "keyStatus": status})


@pytest.mark.parametrize("algorithm", [..., "SHA_256"], ids=["no value", "integrity value"])
@pytest.mark.parametrize(
    "additional", [..., b64(b"project=nile"), b64(b"a" * 8192)], ids=["", "short", "longest"]
)
@pytest.mark.parametrize(
    "plaintext", [b"x", b"Hello Simulation!", b"p" * 4300], ids=["one byte", "short", "maximum"]
)
def test_what_is_encrypted_decrypts_with_the_same_additional_data(
    plaintext: bytes, additional: object, algorithm: object
) -> None:
    request_ = to_encrypt(
        plaintext, additionalAuthenticatedData=additional, ciphertextDataIntegrityValueAlgorithm=algorithm
    )
    status, encrypted = answered("encrypt", request_)
    assert status == 200
    assert answered("decrypt", to_decrypt(encrypted, additionalAuthenticatedData=additional)) == (
        200,
        {"plaintext": b64(plaintext)},
    )
    parts = [
        base64.b64decode(encrypted[name])
        for name in ("ciphertextMetadata", "initializationVector", "ciphertext", "authenticationTag")
    ]
    assert [len(part) for part in parts] == [13, 12, len(plaintext), 16]
    bound = b"" if additional is ... else base64.b64decode(str(additional))
    value = b64(hashlib.sha256(bound + b"".join(parts)).digest())
    assert encrypted.get("ciphertextDataIntegrityValue") == (None if algorithm is ... else value)


@pytest.mark.parametrize(
    ("operation", "document", "key_id", "status", "name"),
    [
        ("health", {}, "", 400, "ValidationException"),
        ("health", {"requestMetadata": {}}, "", 400, "ValidationException"),
        ("health", [], "", 400, "ValidationException"),
        ("health", b"", "", 400, "ValidationException"),
        ("health", b"[" * 10_000, "", 400, "ValidationException"),
        ("metadata", {}, "foo", 400, "ValidationException"),
        ("metadata", {"requestMetadata": {}}, "foo", 400, "ValidationException"),
        ("metadata", HEALTH, "foo", 400, "ValidationException"),  # no awsPrincipalArn
        ("metadata", {"requestMetadata": METADATA}, "ghost", 404, "KeyNotFoundException"),
        ("encrypt", to_encrypt(), "ghost", 404, "KeyNotFoundException"),
        ("encrypt", to_encrypt(plaintext=...), "foo", 400, "ValidationException"),
        ("encrypt", to_encrypt(plaintext="not Base64!"), "foo", 400, "ValidationException"),
        ("encrypt", to_encrypt(plaintext="_-_-"), "foo", 400, "ValidationException"),
        ("encrypt", to_encrypt(encryptionAlgorithm="AES_CBC"), "foo", 400, "ValidationException"),
        ("encrypt", to_encrypt(encryptionAlgorithm=...), "foo", 400, "ValidationException"),
        (
            "encrypt",
            to_encrypt(ciphertextDataIntegrityValueAlgorithm="MD5"),
            "foo",
            400,
            "ValidationException",
        ),
        ("encrypt", to_encrypt(ciphertextDataIntegrityValueAlgorithm=[]), "foo", 400, "ValidationException"),
        ("encrypt", to_encrypt(additionalAuthenticatedData=7), "foo", 400, "ValidationException"),
        ("encrypt", to_encrypt(b"x" * 4301), "foo", 501, "UnsupportedOperationException"),
        (
            "encrypt",
            to_encrypt(additionalAuthenticatedData=b64(b"x" * 8193)),
            "foo",
            501,
            "UnsupportedOperationException",
        ),
        ("encrypt", to_encrypt(), "decrypt_only_key", 400, "InvalidKeyUsageException"),
        ("encrypt", to_encrypt(), "impotent_key", 400, "InvalidKeyUsageException"),
        ("encrypt", to_encrypt(), "aes_128_key", 400, "InvalidKeyUsageException"),
        ("encrypt", to_encrypt(), "disabled_key", 400, "InvalidStateException"),
        (
            "encrypt",
            to_encrypt(ciphertextDataIntegrityValueAlgorithm="SHA_256"),
            "encrypt_only_key",
            400,
            "InvalidKeyUsageException",
        ),
    ],
)
def test_an_invalid_request_gets_its_error(
    operation: str, document: object, key_id: str, status: int, name: str
) -> None:
    found, answer = answered(operation, document, key_id)
    assert (found, answer["errorName"]) == (status, name)
    assert len(answer["errorMessage"]) < 512


@pytest.mark.parametrize(
    ("changes", "key_id", "name"),
    [
        ({"additionalAuthenticatedData": b64(b"other")}, "foo", "InvalidCiphertextException"),
        ({"additionalAuthenticatedData": ...}, "foo", "InvalidCiphertextException"),
        ({"ciphertextMetadata": ...}, "foo", "InvalidCiphertextException"),
        ({"ciphertextMetadata": b64(b"key_version=2")}, "foo", "InvalidCiphertextException"),
        ({"ciphertext": b64(b"jello")}, "foo", "InvalidCiphertextException"),
        ({"initializationVector": b64(b"i" * 16)}, "foo", "InvalidCiphertextException"),
        ({"authenticationTag": b64(b"t" * 16)}, "foo", "InvalidCiphertextException"),
        ({}, "decrypt_only_key", "InvalidCiphertextException"),  # it was encrypted with another key
        ({"initializationVector": b64(b"i" * 13)}, "foo", "ValidationException"),
        ({"authenticationTag": b64(b"t" * 15)}, "foo", "ValidationException"),
        ({"authenticationTag": ...}, "foo", "ValidationException"),
        ({"ciphertextMetadata": b64(b"m" * 21)}, "foo", "ValidationException"),
        ({"ciphertext": ...}, "foo", "ValidationException"),
        ({}, "encrypt_only_key", "InvalidKeyUsageException"),
        ({}, "disabled_key", "InvalidStateException"),
        ({}, "ghost", "KeyNotFoundException"),
    ],
)
def test_a_decryption_that_is_refused(changes: dict[str, object], key_id: str, name: str) -> None:
    additional = b64(b"project=nile")
    _, encrypted = answered("encrypt", to_encrypt(additionalAuthenticatedData=additional))
    request_ = to_decrypt(encrypted, **{"additionalAuthenticatedData": additional, **changes})
    assert answered("decrypt", request_, key_id)[1]["errorName"] == name


@pytest.mark.parametrize("missing", ["awsPrincipalArn", "kmsKeyArn", "kmsOperation", "kmsRequestId"])
@pytest.mark.parametrize("operation", ["encrypt", "decrypt"])
def test_each_field_of_the_metadata_is_required(operation: str, missing: str) -> None:
    metadata = {name: value for name, value in METADATA.items() if name != missing}
    document = {**to_encrypt(), "requestMetadata": metadata}
    assert answered(operation, document)[1]["errorName"] == "ValidationException"


def test_unknown_fields_and_long_arns_are_accepted() -> None:
    metadata = {**METADATA, "kmsOperation": "BulkEncrypt", "awsPrincipalArn": "a" * 2048, "new": 1}
    assert answered("encrypt", to_encrypt(requestMetadata=metadata, more=[]))[0] == 200


OPERATIONS = st.sampled_from(Operation)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
FIELDS = st.sampled_from([*to_encrypt(), "ciphertext", "authenticationTag", "initializationVector"])


@given(OPERATIONS, st.binary(max_size=100))
def test_any_bytes_get_a_response(operation: Operation, body: bytes) -> None:
    assert answered(operation, body)[0] == 400


@given(OPERATIONS, st.dictionaries(FIELDS, JSON))
def test_any_document_gets_a_response(operation: Operation, changes: dict[str, object]) -> None:
    status, answer = answered(operation, {**to_encrypt(), **changes})
    assert status == 200 or answer["errorName"]

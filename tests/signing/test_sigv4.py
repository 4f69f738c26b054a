"""Signatures as KMS creates them, verified by the simulator's independent implementation."""

import logging

import pytest
from support.network.xks_proxy import HOST, KEY_ID, REGION, SECRET, Asked, XksServer

from probe.signing.credential import Credential
from probe.signing.sigv4 import Signer

SERVER = XksServer(certificate="")


def signed(path: str, body: bytes, region: str = REGION, secret: str = SECRET) -> Asked:
    headers = dict(Signer(Credential(KEY_ID, secret), region).headers(HOST, path, body))
    lowered = {name.lower(): value for name, value in headers.items()}
    return Asked("POST", path, {"host": HOST, **lowered}, body)


@pytest.mark.parametrize(
    "path", ["/kms/xks/v1/health", "/a//b/kms/xks/v1/health", "/a-b_c/kms/xks/v1/keys/x.y/metadata"]
)
@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 5000])
def test_a_signature_is_valid(path: str, body: bytes) -> None:
    assert SERVER.verifies(signed(path, body))


def test_a_changed_request_has_an_invalid_signature() -> None:
    good = signed("/kms/xks/v1/health", b"{}")
    assert SERVER.verifies(good)
    for changed in (
        Asked("PUT", good.path, good.headers, good.body),
        Asked("POST", "/other/health", good.headers, good.body),
        Asked("POST", good.path, {**good.headers, "host": "other"}, good.body),
        Asked("POST", good.path, good.headers, b"{ }"),
    ):
        assert not SERVER.verifies(changed)
    assert not SERVER.verifies(signed("/kms/xks/v1/health", b"{}", region="eu-west-2"))
    other = "x" * 43
    assert not SERVER.verifies(signed("/kms/xks/v1/health", b"{}", secret=other))


def test_a_signer_does_not_show_the_secret() -> None:
    assert SECRET not in repr(Signer(Credential(KEY_ID, SECRET), REGION))


def test_the_two_headers_are_named_as_kms_names_them() -> None:
    headers = Signer(Credential(KEY_ID, SECRET), REGION).headers(HOST, "/kms/xks/v1/health", b"")
    assert [name for name, _ in headers] == ["X-Amz-Date", "Authorization"]


def test_the_debug_log_contains_no_signature(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "botocore.auth"):
        request = signed("/kms/xks/v1/health", b"")
    signature = request.headers["authorization"].partition("Signature=")[2]
    assert len(signature) == 64
    assert signature not in caplog.text

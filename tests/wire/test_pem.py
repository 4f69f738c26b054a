"""Certificates in PEM text: other text is ignored, invalid Base64 is rejected."""

import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from support.evidence import NOW_S, issue

from probe.wire.input_error import InputError
from probe.wire.pem import der_certificates, whole_certificates

ONE = b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"


def test_certificates_are_found_in_order_among_other_text_and_blocks() -> None:
    key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    other = ONE.replace(b"AQID", b"BAUG")
    assert der_certificates(b"a comment\n" + ONE + key + other) == (b"\1\2\3", b"\4\5\6")
    assert der_certificates(b"") == ()


def test_windows_line_endings_are_accepted() -> None:
    assert der_certificates(ONE.replace(b"\n", b"\r\n")) == (b"\1\2\3",)


@pytest.mark.parametrize(
    "body", [b"AQI", b"A*ID", b"AQID=AQID"], ids=["truncated", "invalid character", "padding inside"]
)
def test_invalid_base64_is_rejected(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"(?i)padding|base64|character|data"):
        der_certificates(ONE.replace(b"AQID", body))


@given(st.binary(max_size=200))
def test_any_bytes_are_certificates_or_a_value_error(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        der_certificates(b"-----BEGIN CERTIFICATE-----" + body + b"-----END CERTIFICATE-----")


@given(st.binary(max_size=200))
def test_a_file_of_random_bytes_is_rejected_as_not_a_certificate(pem: bytes) -> None:
    with pytest.raises(InputError, match="contains no valid PEM certificate"):
        whole_certificates(pem)


def test_a_file_with_an_unreadable_certificate_is_rejected() -> None:
    block = b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"
    with pytest.raises(InputError, match="contains no valid PEM certificate"):
        whole_certificates(block)


def test_all_certificates_of_a_file_are_read_in_order() -> None:
    ders = [
        issue(name, from_s=NOW_S).certificate.public_bytes(Encoding.DER)
        for name in ("one.example", "two.example")
    ]
    assert whole_certificates(b"# a comment\n" + b"".join(map(pem_of, ders))) == tuple(ders)


def pem_of(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)

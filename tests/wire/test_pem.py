"""Certificates in PEM text: what stands around them does not matter, what is no Base64 is refused."""

import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from judging import NOW_S, issue

from probe.wire.input_error import InputError
from probe.wire.pem import der_certificates, whole_certificates

ONE = b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"


def test_certificates_are_found_in_order_among_other_text_and_blocks() -> None:
    key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    other = ONE.replace(b"AQID", b"BAUG")
    assert der_certificates(b"a comment\n" + ONE + key + other) == (b"\1\2\3", b"\4\5\6")
    assert der_certificates(b"") == ()


def test_lines_may_end_as_on_windows() -> None:
    assert der_certificates(ONE.replace(b"\n", b"\r\n")) == (b"\1\2\3",)


@pytest.mark.parametrize("body", [b"AQI", b"A*ID", b"AQID=AQID"], ids=["cut", "no letter", "padded inside"])
def test_what_is_no_base64_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"(?i)padding|base64|character|data"):
        der_certificates(ONE.replace(b"AQID", body))


@given(st.binary(max_size=200))
def test_any_bytes_are_certificates_or_refused(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        der_certificates(b"-----BEGIN CERTIFICATE-----" + body + b"-----END CERTIFICATE-----")


@given(st.binary(max_size=200))
def test_any_file_has_whole_certificates_or_says_that_it_has_none(pem: bytes) -> None:
    with pytest.raises(InputError, match="holds no PEM certificate"):
        whole_certificates(pem)


def test_certificates_that_cannot_be_read_are_none() -> None:
    block = b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"
    with pytest.raises(InputError, match="holds no PEM certificate"):
        whole_certificates(block)


def test_each_certificate_of_a_file_is_kept_in_its_order() -> None:
    ders = [
        issue(name, from_s=NOW_S).certificate.public_bytes(Encoding.DER)
        for name in ("one.example", "two.example")
    ]
    assert whole_certificates(b"# ours\n" + b"".join(map(pem_of, ders))) == tuple(ders)


def pem_of(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)

"""Certificates in PEM text: what stands around them does not matter, what is no Base64 is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.wire.pem import der_certificates

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

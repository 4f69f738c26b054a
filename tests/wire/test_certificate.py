"""Reading of certificates, including malformed ones."""

import datetime as dt
import hashlib
import sys
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from support.tls.certificates import Pki, common_names

from probe.wire import certificate
from probe.wire.certificate import read_certificate


def test_all_fields_of_an_ordinary_certificate_are_read(authority: Any) -> None:
    issued = authority.issue("xks.example.com", dns_names=("xks.example.com", "*.example.com"))
    leaf = issued.chain[0]

    read = read_certificate(issued.der[0], 0)

    assert read.subject_common_names == ("xks.example.com",)
    assert read.dns_names == ("xks.example.com", "*.example.com")
    assert (read.subject, read.issuer) == ("CN=xks.example.com", "CN=Test Intermediate")
    assert read.issuer_common_name == "Test Intermediate"
    assert read.not_before_s == leaf.not_valid_before_utc.timestamp()
    assert read.not_after_s == leaf.not_valid_after_utc.timestamp()
    assert int(read.serial, 16) == leaf.serial_number
    assert read.sha256 == hashlib.sha256(issued.der[0]).hexdigest()
    assert (read.key, read.public_key_bits, read.position) == ("EC", 256, 0)


def test_all_common_names_are_read_and_the_last_one_is_the_most_specific(authority: Any) -> None:
    read = read_certificate(authority.issue("first.example", "last.example").der[0], 0)
    assert read.subject_common_names == ("first.example", "last.example")
    assert read.subject_common_name == "last.example"


def test_a_nul_in_a_common_name_is_kept(authority: Any) -> None:
    read = read_certificate(authority.issue("xks.example.com\0.evil.example").der[0], 0)
    assert read.subject_common_names == ("xks.example.com\0.evil.example",)


def test_a_certificate_may_have_no_common_name(authority: Any) -> None:
    read = read_certificate(authority.issue(dns_names=("a.example",)).der[0], 0)
    assert read.subject_common_names == ()
    assert read.subject_common_name is None
    assert read.dns_names == ("a.example",)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), ("RSA", 2048)),
        (lambda: ec.generate_private_key(ec.SECP384R1()), ("EC", 384)),
        (ed25519.Ed25519PrivateKey.generate, ("Ed25519", 256)),
    ],
    ids=["RSA", "EC", "Ed25519"],
)
def test_the_type_and_size_of_a_key_are_read(authority: Any, make: Any, expected: Any) -> None:
    read = read_certificate(authority.issue("a.example", key=make()).der[0], 0)
    assert (read.key, read.public_key_bits) == expected


def _der() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0x7123456789)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


VALID = _der()


def test_a_negative_serial_number_does_not_raise() -> None:
    read = read_certificate(VALID.replace(b"\x02\x05\x71\x23", b"\x02\x05\xf1\x23"), 0)
    assert read.sha256 != hashlib.sha256(VALID).hexdigest()
    assert read.subject_common_names in (("a.example",), ())


def test_other_fields_are_read_despite_a_name_with_invalid_utf_8() -> None:
    read = read_certificate(VALID.replace(b"\x0c\x09a.example", b"\x0c\x09\xff.example"), 0)
    assert read.not_after_s is not None
    assert read.key == "EC"


def test_other_names_are_read_despite_a_malformed_one() -> None:
    """The cryptography library rejects the whole subject for one malformed attribute.

    It also rejects all extensions for one malformed alternative name.
    """
    pki = Pki()
    host = "proxy.xks.example.com"
    subject, _ = pki.edited(b"\x0c\x05m!ler", b"\x0c\x05m\xfcler", common_names("m!ler", host))
    alternative, _ = pki.edited(b"\x82\x05a.com", b"\x87\x05\1\2\3\4\5", san=("a.com", host))

    assert read_certificate(subject.der, 0).subject_common_names == ("m\ufffdler", host)
    assert read_certificate(alternative.der, 0).dns_names == (host,)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_certificate_with_empty_fields(der: bytes) -> None:
    read = read_certificate(der, 3)
    assert (read.position, read.der, read.subject_common_names) == (3, der, ())


@given(st.integers(0, len(VALID) - 1), st.integers(0, 255))
def test_input_with_any_changed_byte_is_read_without_an_exception(at: int, value: int) -> None:
    changed = VALID[:at] + bytes([value]) + VALID[at + 1 :]
    assert read_certificate(changed, 0).der == changed


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The certificates that were really read, from now on."""
    found: list[bytes] = []
    load = x509.load_der_x509_certificate
    monkeypatch.setattr(x509, "load_der_x509_certificate", lambda der: found.append(der) or load(der))
    certificate._CACHE.clear()
    return found


def test_the_same_bytes_at_the_same_position_are_read_once(reads: list[bytes]) -> None:
    first = read_certificate(VALID, 0)
    assert read_certificate(bytes(bytearray(VALID)), 0) is first
    assert len(reads) == 1


def test_other_bytes_and_another_position_are_read(reads: list[bytes]) -> None:
    assert read_certificate(VALID, 0) != read_certificate(VALID, 1)
    assert read_certificate(_der(), 0).sha256 != read_certificate(VALID, 0).sha256
    assert len(reads) == 3


def test_the_certificates_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may send new ones in each handshake."""
    read = read_certificate(VALID, 0)
    monkeypatch.setattr(certificate, "_read", lambda *_: read)
    for size_bytes, is_number in ((1, True), (16 * 1024, False)):
        certificate._CACHE.clear()
        for number in range(1100):
            read_certificate(number.to_bytes(2, "big") + bytes(size_bytes), 0)
        assert (len(certificate._CACHE) == 1024) is is_number
        assert certificate._CACHE.used_bytes <= 64 << 20
    certificate._CACHE.clear()


def test_the_text_of_a_large_name_is_smaller_than_what_is_charged_for_it() -> None:
    der = Pki().leaf(common_names(*[",+" * 30] * 200)).der
    read = read_certificate(der, 0)
    texts = (read.subject, read.issuer, *read.subject_common_names, *read.dns_names)
    held = sum(map(sys.getsizeof, texts)) + sys.getsizeof(der)
    assert held <= certificate._BYTES_OF_FIELDS + certificate._BYTES_PER_DER_BYTE * len(der)

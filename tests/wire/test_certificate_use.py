"""Usages, name constraints and unknown critical extensions of a certificate."""

import datetime as dt
from dataclasses import asdict
from ipaddress import IPv4Network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from probe.model.measurements import CertificateUse
from probe.wire.certificate import read_certificate
from probe.wire.certificate_use import MAX_ENTRIES

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "proxy.example.com")])
PRIVATE = ObjectIdentifier("1.3.6.1.4.1.99999.1")


def use(*extensions: tuple[x509.ExtensionType, bool]) -> CertificateUse:
    """Of a certificate with these extensions, each with whether it is critical."""
    today = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(KEY.public_key())
    builder = builder.serial_number(7).not_valid_before(today).not_valid_after(today + dt.timedelta(days=9))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return read_certificate(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER), 0).use


def key_usage(**used: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign "
        "crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{**dict.fromkeys(names.split(), False), **used})


def test_usages_have_the_names_of_the_standard_and_others_their_oid() -> None:
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, PRIVATE])
    found = use((purposes, False), (key_usage(digital_signature=True, key_encipherment=True), True))
    assert found.extended_key_usage == ("serverAuth", PRIVATE.dotted_string)
    assert found.key_usage == ("digitalSignature", "keyEncipherment")


@pytest.mark.parametrize("agrees", [True, False])
def test_the_limits_of_key_agreement_are_listed_only_with_it(*, agrees: bool) -> None:
    found = use((key_usage(key_cert_sign=True, key_agreement=agrees, encipher_only=agrees), True))
    assert found.key_usage == (
        ("keyAgreement", "keyCertSign", "encipherOnly") if agrees else ("keyCertSign",)
    )


def test_name_constraints_have_their_kind() -> None:
    permitted = [
        x509.DNSName("example.com"),
        x509.IPAddress(IPv4Network("10.0.0.0/8")),
        x509.DirectoryName(NAME),
    ]
    excluded = [
        x509.RFC822Name("example.org"),
        x509.UniformResourceIdentifier("example.net"),
        x509.RegisteredID(PRIVATE),
    ]
    found = use((x509.NameConstraints(permitted, excluded), True))
    assert found.permitted_names == ("DNS:example.com", "IP:10.0.0.0/8", "DirName:CN=proxy.example.com")
    assert found.excluded_names == ("email:example.org", "URI:example.net", "RegisteredID")


@pytest.mark.parametrize("critical", [True, False])
def test_only_a_critical_extension_that_nobody_knows_is_listed(*, critical: bool) -> None:
    found = use((x509.UnrecognizedExtension(PRIVATE, b"\x05\x00"), critical))
    assert found.critical_unknown == ((PRIVATE.dotted_string,) if critical else ())


def test_without_extensions_it_is_empty() -> None:
    assert use() == CertificateUse()


@pytest.mark.parametrize(("count", "kept"), [(MAX_ENTRIES, MAX_ENTRIES), (MAX_ENTRIES + 1, MAX_ENTRIES)])
def test_at_most_256_entries_of_each_kind_are_kept(count: int, kept: int) -> None:
    names = [x509.DNSName(f"{number}.example.com") for number in range(count)]
    assert len(use((x509.NameConstraints(names, None), True)).permitted_names) == kept


@given(
    oid=st.sampled_from(
        [ExtensionOID.EXTENDED_KEY_USAGE, ExtensionOID.KEY_USAGE, ExtensionOID.NAME_CONSTRAINTS, PRIVATE]
    ),
    data=st.binary(max_size=64),
    critical=st.booleans(),
)
def test_an_extension_with_any_content_can_be_read(
    oid: ObjectIdentifier, data: bytes, *, critical: bool
) -> None:
    found = use((x509.UnrecognizedExtension(oid, data), critical))
    assert (PRIVATE.dotted_string in found.critical_unknown) is (oid == PRIVATE and critical)
    assert all(len(values) <= MAX_ENTRIES for values in asdict(found).values())

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from simulator.faults import CERTIFICATE, Fault
from simulator.servers.certificates import CertificateMaker

NAME = "myproxy-private.xks.example.com"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def maker() -> CertificateMaker:
    return CertificateMaker(NAME, NOW)


def common_names(certificate: x509.Certificate) -> list[str | bytes]:
    return [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def alternative_names(certificate: x509.Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize(
    ("kind", "common", "alternative"),
    [
        (Fault.GOOD, [NAME], [NAME]),
        (Fault.WILDCARD, ["*.xks.example.com"], ["*.xks.example.com"]),
        (Fault.WRONG_COMMON_NAME, ["other.example.net"], ["other.example.net"]),
        (Fault.SAN_RIGHT_CN_WRONG, ["other.example.net"], [NAME]),
        (Fault.COMMON_NAME_MISSING, [], [NAME]),
    ],
)
def test_a_certificate_has_the_names_of_its_kind(
    maker: CertificateMaker, kind: Fault, common: list[str], alternative: list[str]
) -> None:
    leaf = maker.identity(kind).leaf
    assert (common_names(leaf), alternative_names(leaf)) == (common, alternative)


@pytest.mark.parametrize(
    ("kind", "from_day", "to_day"),
    [
        (Fault.GOOD, -1, 90),
        (Fault.EXPIRES_SOON, -85, 5),
        (Fault.EXPIRED, -90, -1),
        (Fault.NOT_YET_VALID, 2, 90),
    ],
)
def test_a_certificate_has_the_dates_of_its_kind(
    maker: CertificateMaker, kind: Fault, from_day: int, to_day: int
) -> None:
    leaf = maker.identity(kind).leaf
    assert leaf.not_valid_before_utc == NOW + timedelta(days=from_day)
    assert leaf.not_valid_after_utc == NOW + timedelta(days=to_day)


@pytest.mark.parametrize("kind", [kind for kind in CERTIFICATE if kind is not Fault.UNLISTED_AUTHORITY])
def test_all_certificates_except_one_chain_to_the_root(maker: CertificateMaker, kind: Fault) -> None:
    leaf = maker.identity(kind).leaf
    (intermediate,) = maker.identity(Fault.GOOD).intermediates
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(maker.root.certificate)


def test_an_unlisted_ca_is_a_separate_hierarchy_sent_without_its_root(maker: CertificateMaker) -> None:
    identity = maker.identity(Fault.UNLISTED_AUTHORITY)
    (intermediate,) = identity.intermediates
    identity.leaf.verify_directly_issued_by(intermediate)
    with pytest.raises(ValueError, match=r"[Ii]ssuer"):
        intermediate.verify_directly_issued_by(maker.root.certificate)


def test_a_missing_intermediate_is_not_sent(maker: CertificateMaker) -> None:
    assert maker.identity(Fault.MISSING_INTERMEDIATE).intermediates == ()


def test_servers_share_the_identity_of_a_kind(maker: CertificateMaker) -> None:
    assert maker.identity(Fault.GOOD) is maker.identity(Fault.GOOD)


def test_a_fault_of_another_group_is_an_error(maker: CertificateMaker) -> None:
    with pytest.raises(ValueError, match="is not a certificate fault"):
        maker.identity(Fault.DEAD)


@pytest.mark.parametrize(("length", "has_one"), [(64, True), (65, False)], ids=["at the limit", "just above"])
def test_a_name_too_long_for_a_common_name_is_left_out(length: int, has_one: bool) -> None:
    name = "a" * 40 + "." + "b" * (length - 41)
    assert bool(common_names(CertificateMaker(name, NOW).identity(Fault.GOOD).leaf)) is has_one

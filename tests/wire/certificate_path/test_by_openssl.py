"""OpenSSL's validator: the cause of a refusal, and the certificate that it is about."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from OpenSSL import crypto
from support.tls.path_cases import ISSUING, LEAF, NOW_S, UPPER, Plan, issued

from probe.wire.certificate_path import by_openssl
from probe.wire.certificate_path.anchors import anchors_of
from probe.wire.certificate_path.refusal import Cause, Refusal

EXCLUDED = x509.NameConstraints(None, [x509.DNSName("example.com")])
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")


def refusal(plan: Plan, at_s: int = NOW_S) -> Refusal | None:
    chain = issued(plan)
    return by_openssl.refusal(chain.sent, anchors_of([chain.root]), at_s)


@pytest.mark.parametrize(
    ("plan", "cause", "position"),
    [
        (Plan(leaf=replace(LEAF, purposes=(Purpose.CLIENT_AUTH,))), Cause.PURPOSE, 0),
        (Plan(issuing=replace(ISSUING, purposes=(Purpose.EMAIL_PROTECTION,))), Cause.PURPOSE, 1),
        (Plan(issuing=replace(ISSUING, usage=("crl_sign",))), Cause.NOT_A_CA, 1),
        (Plan(issuing=replace(ISSUING, is_ca=False)), Cause.NOT_A_CA, 1),
        (Plan(upper=replace(UPPER, path_length=0)), Cause.PATH_LENGTH, 2),
        (Plan(issuing=replace(ISSUING, extensions=((EXCLUDED, True),))), Cause.NAME_CONSTRAINTS, 0),
        (Plan(leaf=replace(LEAF, extensions=((UNKNOWN, True),))), Cause.CRITICAL_EXTENSION, 0),
        (Plan(leaf=replace(LEAF, days=(-9, -1))), Cause.OUT_OF_DATE, 0),
        (Plan(upper=replace(UPPER, days=(1, 9))), Cause.OUT_OF_DATE, 2),
        (Plan(leaf=replace(LEAF, signed_by=7)), Cause.SIGNATURE, 0),
        (Plan(sent=(0, 1)), Cause.NO_PATH, 1),
    ],
)
def test_the_cause_and_the_certificate_are_known(plan: Plan, cause: Cause, position: int) -> None:
    found = refusal(plan)
    assert found is not None
    assert (found.cause, found.position) == (cause, position)


def test_each_validation_has_its_own_time() -> None:
    plan = Plan(leaf=replace(LEAF, days=(0, 1)))
    assert [refusal(plan, NOW_S + at) is None for at in (-60, 60, 86_000, 87_000, 60)] == [
        False,
        True,
        True,
        False,
        True,
    ]


def test_a_library_without_the_setting_for_the_purpose_is_recognized() -> None:
    assert not by_openssl.limit_to_tls_servers(crypto.X509Store(), SimpleNamespace())
    assert not by_openssl.limit_to_tls_servers(
        crypto.X509Store(), SimpleNamespace(X509_STORE_set_purpose=print)
    )

"""The validator of the library cryptography, with our policies: the cause of a refusal, and what is accepted."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from support.tls.path_cases import HOST, ISSUING, LEAF, NOW_S, UPPER, Plan, issued

from probe.wire.certificate_path import by_cryptography
from probe.wire.certificate_path.anchors import anchors_of
from probe.wire.certificate_path.refusal import Cause, Refusal

EXCLUDED = x509.NameConstraints(None, [x509.DNSName("example.com")])
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
POLICIES = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)])


def refusal(plan: Plan) -> Refusal | None:
    chain = issued(plan)
    return by_cryptography.refusal(chain.sent, anchors_of([chain.root]), NOW_S)


@pytest.mark.parametrize(
    ("plan", "cause"),
    [
        (Plan(leaf=replace(LEAF, purposes=(Purpose.CLIENT_AUTH,))), Cause.PURPOSE),
        (Plan(issuing=replace(ISSUING, purposes=(Purpose.EMAIL_PROTECTION,))), Cause.PURPOSE),
        (Plan(leaf=replace(LEAF, usage=("crl_sign",))), Cause.KEY_USAGE),
        (Plan(issuing=replace(ISSUING, usage=("crl_sign",))), Cause.KEY_USAGE),
        (Plan(issuing=replace(ISSUING, is_ca=False)), Cause.NOT_A_CA),
        (Plan(issuing=replace(ISSUING, has_basic_constraints=False)), Cause.NOT_A_CA),
        (Plan(upper=replace(UPPER, path_length=0)), Cause.PATH_LENGTH),
        (Plan(issuing=replace(ISSUING, extensions=((EXCLUDED, True),))), Cause.NAME_CONSTRAINTS),
        (Plan(leaf=replace(LEAF, extensions=((UNKNOWN, True),))), Cause.CRITICAL_EXTENSION),
        (Plan(leaf=replace(LEAF, days=(-9, -1))), Cause.OUT_OF_DATE),
        (Plan(leaf=replace(LEAF, signed_by=7)), Cause.SIGNATURE),
        (Plan(leaf=replace(LEAF, key_kind="P-192")), Cause.KEY),
        (Plan(leaf=replace(LEAF, key_kind="RSA 1024")), Cause.KEY),
        (Plan(leaf=replace(LEAF, key_kind="Ed25519")), Cause.KEY),
        (Plan(sent=(0, 1)), Cause.NO_PATH),
    ],
)
def test_the_cause_of_a_refusal_is_known(plan: Plan, cause: Cause) -> None:
    found = refusal(plan)
    assert found is not None
    assert found.cause is cause, found.detail


@pytest.mark.parametrize(
    "plan",
    [
        Plan(),
        Plan(leaf=replace(LEAF, names=None)),
        Plan(leaf=replace(LEAF, names=("other.example.org",))),
        Plan(leaf=replace(LEAF, purposes=None)),
        Plan(leaf=replace(LEAF, purposes=(Purpose.ANY_EXTENDED_KEY_USAGE,))),
        Plan(leaf=replace(LEAF, usage=None)),
        Plan(leaf=replace(LEAF, key_kind="RSA 2048")),
        Plan(leaf=replace(LEAF, key_kind="P-384")),
        Plan(leaf=replace(LEAF, is_ca=True)),
        Plan(issuing=replace(ISSUING, extensions=((POLICIES, True), (x509.InhibitAnyPolicy(0), True)))),
        Plan(sent=(0, 2, 1)),
        Plan(sent=(0, 1, 2, 1)),
    ],
    ids=[
        *(
            "valid",
            "no alternative name",
            "another alternative name",
            "no purpose",
            "any purpose",
            "no key usage",
        ),
        *("RSA 2048", "P-384", "a leaf that is a CA", "critical policies", "another order", "a duplicate"),
    ],
)
def test_what_tls_clients_accept_is_accepted(plan: Plan) -> None:
    """The name is not checked here: requirements of their own compare it."""
    assert refusal(plan) is None
    assert plan.leaf.name == HOST

"""Each of the 34 roots that the newer list adds, and of the 19 that it lacks: whether KMS trusts it."""

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.evidence import evidence, only, target, tls

from probe.model.verdicts import Outcome
from probe.requirements.chain import authority_is_trusted_by_kms
from probe.requirements.declare import Finding
from probe.requirements.evidence.authorities import Listed, kms_authorities
from probe.wire.certificate import read_certificate

PUBLISHED, PROPOSED = "2022-11-10", "2024-06-15"
# Issued again with the same name and key, so that both lists have the root, under two fingerprints.
ISSUED_AGAIN = frozenset(
    {
        "CN=Autoridad de Certificacion Firmaprofesional CIF A62634068, C=ES",
        "CN=GlobalSign, O=GlobalSign, OU=GlobalSign ECC Root CA - R4",
        *(f"CN=GTS Root R{number}, O=Google Trust Services LLC, C=US" for number in range(1, 5)),
    }
)
ADDED, REMOVED = (
    [row for row in kms_authorities().listed.values() if row.lists == {date}]
    for date in (PROPOSED, PUBLISHED)
)


def finding_of(row: Listed) -> Finding:
    """For a server whose certificate is the root itself: the shortest chain that ends in it."""
    (der,) = (
        der
        for roots in kms_authorities().roots.by_subject.values()
        for root in roots
        if hashlib.sha256(der := root.public_bytes(Encoding.DER)).hexdigest() == row.sha256
    )
    return only(authority_is_trusted_by_kms, evidence(tls(target(), (read_certificate(der, 0),))))


def test_34_roots_are_added_and_19_removed() -> None:
    assert (len(ADDED), len(REMOVED)) == (34, 19)
    assert {row.subject for row in ADDED} & {row.subject for row in REMOVED} == ISSUED_AGAIN


@pytest.mark.parametrize("row", [*ADDED, *REMOVED], ids=lambda row: f"{row.alias} {row.sha256[:8]}")
def test_a_root_in_one_list_is_unknown_unless_it_was_only_issued_again(row: Listed) -> None:
    finding = finding_of(row)
    assert finding.outcome is (Outcome.MET if row.subject in ISSUED_AGAIN else Outcome.UNKNOWN)
    assert PUBLISHED in finding.because
    assert PROPOSED in finding.because
    if row.subject not in ISSUED_AGAIN:
        where = "no longer in the newer one" if row in REMOVED else "only in the newer one"
        assert where in finding.because

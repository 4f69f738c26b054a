"""Roots as trust anchors, also those that a validator would refuse as certificates."""

from dataclasses import replace

import pytest
from cryptography import x509
from support.tls.path_cases import LEAF, NOW_S, ROOT, Plan, issued

from probe.requirements.evidence.authorities import kms_authorities
from probe.wire.certificate_path.anchors import anchors_of, read
from probe.wire.certificate_path.decision import decide
from probe.wire.certificate_path.refusal import Cause

CHAIN = issued(Plan())


def test_each_root_that_kms_lists_and_that_is_available_is_an_anchor() -> None:
    authorities = kms_authorities()
    assert len(authorities.in_both.certificates) + len(authorities.in_one.certificates) == 164
    assert sum(map(len, authorities.roots.by_subject.values())) == 164
    assert len(authorities.in_both.periods_s) == len(authorities.in_both.certificates)


def test_a_root_whose_dates_are_encoded_against_the_rules_is_encoded_anew_for_cryptography() -> None:
    """Certum Trusted Network CA 2 has GeneralizedTime for dates before 2050. OpenSSL accepts it as it is."""
    anchors = kms_authorities().in_both
    ((root, replaced),) = (
        pair
        for pair in zip(anchors.certificates, anchors.for_cryptography, strict=True)
        if "Certum Trusted Network CA 2" in str(pair[0].subject)
    )
    assert root != replaced
    assert root.not_valid_after_utc == replaced.not_valid_after_utc
    assert root.subject == replaced.subject == replaced.issuer
    assert root.public_key() == replaced.public_key()


def test_an_unknown_critical_extension_of_a_root_is_not_hidden_from_openssl() -> None:
    """OpenSSL and Go refuse the path, Java accepts it: a root is only a name and a key (RFC 5280, 6.1.1)."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
    chain = issued(Plan(root=replace(ROOT, extensions=((unknown, True),))))
    decision = decide(chain.sent, anchors_of([chain.root]), NOW_S)
    assert decision.cryptography is None
    assert decision.openssl is not None
    assert decision.openssl.cause is Cause.CRITICAL_EXTENSION


def test_an_ordinary_root_stays_as_it_is() -> None:
    anchors = anchors_of([CHAIN.root])
    assert anchors.certificates == anchors.for_cryptography == (read(CHAIN.root),)


def test_unreadable_roots_are_left_out() -> None:
    assert anchors_of([b"", b"\x30\x00", CHAIN.root]).certificates == (read(CHAIN.root),)
    assert anchors_of([]).certificates == ()


def test_without_anchors_there_is_no_path() -> None:
    decision = decide(CHAIN.sent, anchors_of([]), NOW_S)
    assert decision.cryptography is not None
    assert decision.openssl is not None
    assert decision.cryptography.cause is decision.openssl.cause is Cause.NO_PATH


@pytest.mark.parametrize("days", [(-100, -1), (1, 100)], ids=["expired", "not valid yet"])
def test_a_path_to_a_root_that_is_not_valid_now_is_refused(days: tuple[float, float]) -> None:
    chain = issued(Plan(root=replace(ROOT, days=days), leaf=LEAF))
    assert decide(chain.sent, anchors_of([chain.root]), NOW_S).is_refused

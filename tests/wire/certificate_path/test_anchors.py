"""Roots as trust anchors, also those that a validator would refuse as certificates."""

from dataclasses import replace

import pytest
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


def test_a_root_whose_dates_are_encoded_against_the_rules_becomes_an_anchor_of_its_name_and_key() -> None:
    """Certum Trusted Network CA 2 has GeneralizedTime for dates before 2050."""
    (certum,) = (
        each
        for each in kms_authorities().in_both.certificates
        if "Certum Trusted Network CA 2" in str(each.subject)
    )
    assert certum.not_valid_after_utc.year == 9999
    assert certum.subject == certum.issuer


def test_an_ordinary_root_stays_as_it_is() -> None:
    assert anchors_of([CHAIN.root]).certificates == (read(CHAIN.root),)


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

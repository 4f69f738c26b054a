"""Which certificates belong to the judged path: dates of the others fire no alert."""

from dataclasses import replace

import pytest
from support.evidence import (
    DAY_S,
    HOST,
    NOW_S,
    Signer,
    authorities_of,
    evidence,
    issue,
    sent,
    target,
    tls,
    trust_only,
)

from probe.verdicts.judged_paths import certificates_of_paths

ROOT = issue("Root", ca=True)
MIDDLE = issue("Middle", by=ROOT, ca=True)
LEAF = issue(HOST, by=MIDDLE, dns_names=(HOST,))
OLD = issue("Old root", ca=True)
EXPIRED_CROSS = issue("Root", by=OLD, ca=True, to_s=NOW_S - DAY_S)
STRANGER = issue("Stranger", ca=True)


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authorities_of(ROOT))


def names(*chain: Signer) -> set[str]:
    """The names of the certificates of the chain that belong to its path."""
    details = sent(*chain)
    found = certificates_of_paths(evidence(tls(target(), details)))
    return {each.subject_common_name or "" for each in details if each.sha256 in found}


def test_the_leaf_and_its_intermediates_belong_to_the_path() -> None:
    assert names(LEAF, MIDDLE) == {HOST, "Middle"}


def test_an_expired_cross_certificate_and_a_stranger_beside_the_path_do_not() -> None:
    assert names(LEAF, MIDDLE, EXPIRED_CROSS, STRANGER) == {HOST, "Middle"}


def test_without_a_handshake_there_are_none() -> None:
    assert certificates_of_paths(evidence()) == frozenset()


def test_a_certificate_that_cannot_be_read_has_no_path() -> None:
    unreadable = replace(sent(LEAF)[0], der=b"\x30\x00")
    assert certificates_of_paths(evidence(tls(target(), (unreadable,)))) == frozenset()

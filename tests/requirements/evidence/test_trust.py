"""The root of a chain is found by signatures; a matching name never makes a chain trusted."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from support.evidence import (
    HOST,
    Signer,
    authorities_of,
    evidence,
    issue,
    sent,
    target,
    tls,
    trust_only,
    with_sha1,
)

from probe.model.measurements import TlsDetails
from probe.requirements.evidence import trust as trust_module
from probe.requirements.evidence.trust import Trust, TrustStatus, trust_of
from probe.wire.chain import Ending

ROOT = issue("Listed Root", ca=True)
LACKED = issue("Lacked Root", ca=True)
PRIVATE = issue("Private Root", ca=True)
MIDDLE = issue("Middle", by=ROOT, ca=True)
PRIVATE_MIDDLE = issue("Private Middle", by=PRIVATE, ca=True)
LEGACY = issue("Legacy", key=rsa.generate_private_key(65537, 2048), ca=True)
NAMESAKE = issue("Listed Root", ca=True)
LEAF = issue(HOST, by=MIDDLE)
PRIVATE_LEAF = issue(HOST, by=PRIVATE)


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authorities_of(ROOT, lacked=(LACKED,)))


def trust(*signers: Signer, extra: tuple[bytes, ...] = ()) -> Trust:
    details = tls(target(), sent(*signers)).details
    assert isinstance(details, TlsDetails)
    return trust_of(details, evidence(extra_authorities=extra))


@pytest.mark.parametrize(
    ("signers", "status"),
    [
        ((LEAF, MIDDLE), TrustStatus.LISTED),
        ((issue(HOST, by=LACKED), LACKED), TrustStatus.LISTED),
        ((issue(HOST, by=LACKED),), TrustStatus.NAMED_AS_LISTED),
        ((issue(HOST, by=NAMESAKE), NAMESAKE), TrustStatus.NAMED_AS_LISTED),
        ((PRIVATE_LEAF, PRIVATE), TrustStatus.UNLISTED),
        ((issue(HOST),), TrustStatus.UNLISTED),
        ((issue(HOST, by=PRIVATE_MIDDLE), PRIVATE_MIDDLE), TrustStatus.UNSENT),
        ((PRIVATE_LEAF,), TrustStatus.UNDETERMINED),
        ((with_sha1(issue(HOST, by=LEGACY)), LEGACY), TrustStatus.UNVERIFIABLE),
        ((), TrustStatus.UNDETERMINED),
    ],
    ids=[
        *("root included", "root not included, sent", "root not included, not sent", "forged name"),
        *("private root sent", "self-signed", "private root not sent", "only a leaf", "SHA-1", "nothing"),
    ],
)
def test_each_chain_has_the_expected_trust_status(signers: tuple[Signer, ...], status: TrustStatus) -> None:
    assert trust(*signers).status is status


def test_an_extra_authority_is_used_only_if_no_listed_one_is_found() -> None:
    assert trust(PRIVATE_LEAF, extra=(PRIVATE.der,)).status is TrustStatus.EXTRA
    assert trust(LEAF, MIDDLE, extra=(PRIVATE.der, ROOT.der)).status is TrustStatus.LISTED


def test_an_extra_authority_that_did_not_sign_changes_nothing() -> None:
    impostor = issue("Private Root", ca=True)
    assert trust(PRIVATE_LEAF, extra=(impostor.der,)) == trust(PRIVATE_LEAF)


def test_the_path_leads_to_the_authority_that_was_used() -> None:
    path = trust(PRIVATE_LEAF, extra=(PRIVATE.der,)).path
    assert path is not None
    assert (path.ending, len(path.links), path.links[-1].subject) == (Ending.ROOT, 2, "CN=Private Root")
    assert trust().path is None


def test_a_chain_is_verified_again_only_if_the_authorities_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaf, built = issue(HOST, by=MIDDLE), []
    build = trust_module.build
    monkeypatch.setattr(trust_module, "build", lambda *chain: built.append(chain) or build(*chain))
    assert trust(leaf, MIDDLE) == trust(leaf, MIDDLE)
    assert len(built) == 1
    trust_only(monkeypatch, authorities_of(PRIVATE))
    assert trust(leaf, MIDDLE).status is TrustStatus.UNSENT
    assert len(built) == 2


def test_the_paths_that_are_kept_are_bounded_in_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may send another chain in each handshake."""
    monkeypatch.setattr(trust_module, "build", lambda *_: ())
    details = tls(target(), sent(LEAF)).details
    assert isinstance(details, TlsDetails)
    for size_bytes, is_number in ((1, True), (32 * 1024, False)):
        trust_module._CACHE.clear()
        for number in range(1100):
            leaf = replace(details.chain[0], der=number.to_bytes(2, "big") + bytes(size_bytes))
            trust_of(replace(details, chain=(leaf,)), evidence())
        assert (len(trust_module._CACHE) == 1024) is is_number
        assert trust_module._CACHE.used_bytes <= 32 << 20

"""The root of a chain is found by signatures; a matching name never makes a chain trusted."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
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
    with_sha1,
)

from probe.model.measurements import TlsDetails
from probe.requirements.evidence import trust as trust_module
from probe.requirements.evidence.trust import Trust, TrustStatus, out_of_date, trust_of
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


def test_a_sha1_signature_of_an_extra_authority_that_was_not_sent_is_unverifiable() -> None:
    middle = with_sha1(issue("Old Middle", by=LEGACY, ca=True))
    found = trust(issue(HOST, by=middle), middle, extra=(LEGACY.der,))
    assert found.status is TrustStatus.UNVERIFIABLE
    assert found.path is not None
    assert found.path.unverifiable == "SHA-1"


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


def used_above_the_leaf(*signers: Signer) -> str:
    """The fingerprint of the certificate that is used above the leaf."""
    path = trust(*signers).path
    assert path is not None
    return path.links[1].sha256


UPPER = issue("Upper", by=ROOT, ca=True)
LOW = issue("Low", by=MIDDLE, ca=True)
LOW_LEAF = issue(HOST, by=LOW)
LATER_S = NOW_S + 90 * DAY_S


def twin(by: Signer, **fields: Any) -> Signer:
    """A certificate with the name and the key of the intermediate, tried before it if it expires later."""
    return issue("Middle", by=by, key=MIDDLE.key, **{"ca": True, "to_s": LATER_S, **fields})


def test_without_a_fault_the_certificate_that_expires_last_is_used() -> None:
    later = twin(ROOT)
    assert used_above_the_leaf(LEAF, MIDDLE, later) == used_above_the_leaf(LEAF, later)


@pytest.mark.parametrize("dates", [{"from_s": NOW_S + 1}, {"to_s": NOW_S - 1}], ids=["not yet", "expired"])
def test_an_intermediate_that_is_not_valid_now_is_avoided(dates: dict[str, float]) -> None:
    longer = twin(UPPER, to_s=NOW_S + DAY_S)
    assert used_above_the_leaf(LEAF, twin(ROOT, **dates), longer, UPPER) == used_above_the_leaf(LEAF, longer)


def test_an_intermediate_that_is_no_ca_is_avoided() -> None:
    longer = twin(UPPER)
    assert used_above_the_leaf(LEAF, twin(ROOT, ca=False), longer, UPPER) == used_above_the_leaf(LEAF, longer)


def test_a_wrong_order_is_avoided() -> None:
    """Both intermediates lead to the upper CA, but the preferred one was sent after it."""
    earlier = twin(UPPER, to_s=NOW_S + DAY_S)
    assert used_above_the_leaf(LEAF, earlier, UPPER, twin(UPPER)) == used_above_the_leaf(LEAF, earlier)


@pytest.mark.parametrize(("path_length", "is_used"), [(0, False), (1, True), (2, True)])
def test_an_intermediate_above_more_cas_than_it_allows_is_avoided(path_length: int, *, is_used: bool) -> None:
    limited = twin(ROOT, path_length=path_length)
    path = trust(LOW_LEAF, LOW, MIDDLE, limited).path
    assert path is not None
    assert (path.links[2].path_length == path_length) is is_used


def test_a_ca_with_a_new_key_does_not_count_for_the_path_length() -> None:
    limited = twin(ROOT, path_length=0)
    renewed = issue("Middle", by=MIDDLE, ca=True)
    path = trust(issue(HOST, by=renewed), renewed, MIDDLE, limited).path
    assert path is not None
    assert path.links[2].path_length == 0


@pytest.mark.parametrize("dates", [{"from_s": NOW_S}, {"to_s": NOW_S}], ids=["first", "last"])
def test_the_first_and_the_last_second_of_an_intermediate_are_valid(dates: dict[str, float]) -> None:
    assert not list(out_of_date(trust(LEAF, twin(ROOT, **dates)), NOW_S))


def test_an_intermediate_that_expired_is_named() -> None:
    (words,) = out_of_date(trust(LEAF, twin(ROOT, to_s=NOW_S - 1)), NOW_S)
    assert words.startswith('"CN=Middle" expired')


def test_of_an_extra_authority_above_an_intermediate_the_dates_count() -> None:
    old = issue("Old Root", ca=True, to_s=NOW_S - 1)
    middle = issue("Private Middle", by=old, ca=True)
    (words,) = out_of_date(trust(issue(HOST, by=middle), middle, extra=(old.der,)), NOW_S)
    assert words.startswith('the extra CA "CN=Old Root" expired')


def test_a_path_that_is_kept_takes_more_bytes_than_what_was_sent() -> None:
    trust_module._CACHE.clear()
    trust(LEAF, MIDDLE)
    assert trust_module._CACHE.used_bytes > len(LEAF.der) + len(MIDDLE.der)

"""Path decisions are cached until the next certificate becomes valid or expires."""

from dataclasses import replace

import pytest
from cryptography import x509
from support.evidence import DAY_S, NOW_S, Signer, authorities_of, issue, target, tls, trust_only
from support.tls.path_cases import LEAF, ROOT, Plan, issued

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.requirements.evidence import paths
from probe.wire.certificate import read_certificate
from probe.wire.certificate_path.anchors import Anchors
from probe.wire.certificate_path.decision import Decision, decide
from probe.wire.certificate_path.refusal import Cause, Refusal

CHAIN = issued(Plan(leaf=replace(LEAF, days=(0, 1))))


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authorities_of(issue("Listed Root", ca=True)))


def details() -> TlsDetails:
    read = tuple(read_certificate(der, n) for n, der in enumerate(CHAIN.sent))
    found = tls(target(), read).details
    assert isinstance(found, TlsDetails)
    return found


def is_accepted_at(at_s: float) -> bool:
    evidence = Evidence(taken_at_s=NOW_S + at_s, extra_authorities=(CHAIN.root,))
    return paths.path_result(details(), evidence).decision.is_accepted


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, ...]]:
    """The chains that were really validated, from now on."""
    found: list[tuple[bytes, ...]] = []

    def counting(sent: tuple[bytes, ...], anchors: Anchors, at_s: float) -> Decision:
        found.append(sent)
        return decide(sent, anchors, at_s)

    monkeypatch.setattr(paths, "decide", counting)
    paths._RESULTS.clear()
    return found


SETS = 3  # the roots in both lists, in one, and the extra one


def test_within_one_validity_period_each_set_of_roots_is_validated_once(decided: list[object]) -> None:
    assert all(is_accepted_at(float(at_s)) for at_s in range(0, 86400, 600))
    assert len(decided) == SETS


@pytest.mark.parametrize(
    ("before_s", "at_s", "is_validated_again"),
    [
        (-10.0, -0.001, False),
        (-10.0, 0.0, True),  # the leaf becomes valid
        (0.0, 0.0, False),
        (-900 * DAY_S, -800 * DAY_S, False),  # before all certificates
        (800 * DAY_S, 900 * DAY_S, False),  # after them
        (0.0, 86399.999, False),
        (0.0, 86400.0, False),  # its last second
        (0.0, 86400.001, True),
        (86400.001, 86401.0, False),
        (100.0, -0.001, True),  # the clock was set back
    ],
)
def test_a_result_is_used_until_the_next_certificate_becomes_valid_or_expires(
    decided: list[object], before_s: float, at_s: float, *, is_validated_again: bool
) -> None:
    is_accepted_at(before_s)
    count = len(decided)
    is_accepted_at(at_s)
    assert len(decided) == (2 * count if is_validated_again else count)


def test_another_chain_or_other_roots_are_validated(decided: list[object]) -> None:
    is_accepted_at(60.0)
    shorter = replace(details(), chain=details().chain[:1])
    extra = Evidence(taken_at_s=NOW_S + 60, extra_authorities=(CHAIN.root,))
    assert not paths.path_result(shorter, extra).decision.is_accepted
    assert len(decided) == 2 * SETS
    assert not paths.path_result(details(), Evidence(taken_at_s=NOW_S + 60)).decision.is_accepted
    assert len(decided) == 2 * SETS + 2  # without an extra root


def test_results_are_bounded_in_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may send another chain in each handshake."""
    accepted = Decision(cryptography=None, openssl=None)
    monkeypatch.setattr(paths, "decide", lambda *_: accepted)
    of_now = Evidence(taken_at_s=NOW_S)
    for size_bytes, is_number in ((1, True), (40 * 1024, False)):
        paths._RESULTS.clear()
        for number in range(1100):
            der = number.to_bytes(2, "big") + bytes(size_bytes)
            leaf = replace(details().chain[0], der=der)
            paths.path_result(replace(details(), chain=(leaf,)), of_now)
        assert (len(paths._RESULTS) == 1024) is is_number
        assert paths._RESULTS.used_bytes <= 32 << 20


@pytest.mark.parametrize(
    ("at_s", "is_accepted"),
    [(-1.0, False), (-0.5, False), (0.0, True), (86400.0, True), (86400.5, False), (86401.0, False)],
)
def test_the_cache_ends_where_validity_does(at_s: float, *, is_accepted: bool) -> None:
    is_accepted_at(3600.0)
    assert is_accepted_at(at_s) is is_accepted


def roots_of(*in_both: Signer, **in_one: tuple[Signer, ...]) -> paths.RootSet:
    """The roots that decide if the chain's own root is an extra CA, too."""
    evidence = Evidence(taken_at_s=NOW_S + 60, extra_authorities=(CHAIN.root,))
    with pytest.MonkeyPatch.context() as patched:
        trust_only(patched, authorities_of(*in_both, **in_one))
        return paths.path_result(details(), evidence).roots


def test_the_first_roots_that_lead_to_an_accepted_path_decide() -> None:
    own = Signer(certificate=x509.load_der_x509_certificate(CHAIN.root))
    assert roots_of() is paths.RootSet.EXTRA
    assert roots_of(only_published=(own,)) is paths.RootSet.IN_ONE_LIST
    assert roots_of(only_proposed=(own,)) is paths.RootSet.IN_ONE_LIST
    assert roots_of(own) is paths.RootSet.IN_BOTH_LISTS


def test_a_result_is_used_only_until_the_root_expires() -> None:
    chain = issued(Plan(root=replace(ROOT, days=(-100, 0.5))))
    read = tuple(read_certificate(der, n) for n, der in enumerate(chain.sent))
    sent = replace(details(), chain=read)
    for at_s, is_accepted in ((0.0, True), (DAY_S, False)):
        evidence = Evidence(taken_at_s=NOW_S + at_s, extra_authorities=(chain.root,))
        assert paths.path_result(sent, evidence).decision.is_accepted is is_accepted


def refused(cause: Cause | None) -> Refusal | None:
    return None if cause is None else Refusal(cause=cause, detail="")


ACCEPTED = (None, None)
UNDECIDED = (Cause.OUT_OF_DATE, None)
EXPIRED = (Cause.OUT_OF_DATE, Cause.OUT_OF_DATE)
WITHOUT_PATH = (Cause.NO_PATH, Cause.NO_PATH)


@pytest.mark.parametrize(
    ("better", "worse"), [(ACCEPTED, UNDECIDED), (UNDECIDED, EXPIRED), (EXPIRED, WITHOUT_PATH)]
)
def test_of_different_results_the_one_that_says_more_is_used_although_it_is_the_last(
    monkeypatch: pytest.MonkeyPatch,
    better: tuple[Cause | None, Cause | None],
    worse: tuple[Cause | None, Cause | None],
) -> None:
    results = iter((worse, worse, better))

    def decided(*_: object) -> Decision:
        openssl, cryptography = next(results)
        return Decision(openssl=refused(openssl), cryptography=refused(cryptography))

    monkeypatch.setattr(paths, "decide", decided)
    paths._RESULTS.clear()
    of_now = Evidence(taken_at_s=NOW_S, extra_authorities=(CHAIN.root,))
    assert paths.path_result(details(), of_now).roots is paths.RootSet.EXTRA

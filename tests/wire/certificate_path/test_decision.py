"""The decision of both validators, compared with the program `openssl verify`."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tls.openssl_verify import OPENSSL, openssl_accepts
from support.tls.path_cases import KINDS, NOW_S, Chain, Plan, generated, issued

from probe.wire.certificate_path.anchors import anchors_of
from probe.wire.certificate_path.decision import Decision, decide

SHORT, LONG = 8, 170


def decision(chain: Chain, at_s: float = NOW_S) -> Decision:
    return decide(chain.sent, anchors_of([chain.root]), at_s)


def test_a_valid_chain_is_accepted_by_both() -> None:
    assert decision(issued(Plan())).is_accepted


@pytest.mark.loopback
@pytest.mark.skipif(OPENSSL is None, reason="needs the program openssl")
@pytest.mark.parametrize("number", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", KINDS)
def test_no_chain_is_accepted_that_openssl_verify_refuses(kind: str, number: int, tmp_path: Path) -> None:
    """With 170 chains of each of 19 kinds: 3,230 chains."""
    seen = Counter[tuple[bool, bool]]()
    for seed in range(number):
        chain = generated(kind, seed)
        ours, theirs = decision(chain), openssl_accepts(chain, tmp_path)
        seen[ours.is_accepted, theirs] += 1
        assert theirs or not ours.is_accepted, (chain.kinds, seed, ours)
    assert seen.total() == number


def test_the_generated_chains_are_of_all_three_outcomes() -> None:
    decisions = [decision(generated(kind, seed)) for kind in KINDS for seed in range(12)]
    accepted = sum(each.is_accepted for each in decisions)
    refused = sum(each.is_refused for each in decisions)
    assert min(accepted, refused, len(decisions) - accepted - refused) > len(decisions) // 50


@pytest.mark.parametrize(
    ("seconds", "is_accepted"), [(-0.5, False), (0.0, True), (60.0, True), (60.5, False), (61.0, False)]
)
def test_the_first_and_the_last_second_are_part_of_the_validity(seconds: float, *, is_accepted: bool) -> None:
    plan = Plan()
    short = type(plan.leaf)(**{**vars(plan.leaf), "days": (0, 60 / 86400)})
    chain = issued(Plan(leaf=short))
    assert decision(chain, NOW_S + seconds).is_accepted is is_accepted


@given(st.lists(st.binary(max_size=200), max_size=4), st.floats(0, 4e9))
def test_any_bytes_are_refused_without_an_exception(sent: list[bytes], at_s: float) -> None:
    assert not decide(tuple(sent), anchors_of(sent), at_s).is_accepted

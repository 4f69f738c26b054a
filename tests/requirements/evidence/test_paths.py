"""Path decisions are cached until the next certificate becomes valid or expires."""

from dataclasses import replace

import pytest
from cryptography import x509
from support.evidence import NOW_S, Signer, authorities_of, issue, target, tls, trust_only
from support.tls.path_cases import LEAF, Plan, issued

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.requirements.evidence import paths
from probe.wire.certificate import read_certificate

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


def test_within_one_validity_period_each_set_of_roots_is_validated_once() -> None:
    paths._decided.cache_clear()
    assert all(is_accepted_at(float(at_s)) for at_s in range(0, 86400, 600))
    assert paths._decided.cache_info().misses == 3  # the roots in both lists, in one, and the extra one


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

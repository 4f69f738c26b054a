"""Certificate policies that a CA requires, compared with the policy check of `openssl verify`."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from support.tls import der_edits as der
from support.tls.openssl_verify import OPENSSL, openssl_accepts
from support.tls.path_cases import ISSUING, LEAF, NOW_S, ROOT, UPPER, Chain, Plan, issued

from probe.wire.certificate_path.anchors import anchors_of
from probe.wire.certificate_path.decision import Decision, decide
from probe.wire.certificate_path.refusal import Cause

Extension = tuple[x509.ExtensionType, bool]
GOLD, SILVER, ANY = "1.3.6.1.4.1.55555.3", "1.3.6.1.4.1.55555.4", "2.5.29.32.0"
CHECKING = ("-policy_check", "-policy", ANY)  # any policy will do
SHORT, LONG = 10, 400


def policies(*dotted: str) -> Extension:
    identifiers = map(x509.ObjectIdentifier, dotted)
    return x509.CertificatePolicies([x509.PolicyInformation(each, None) for each in identifiers]), False


def required_after(count: int, *, is_critical: bool = True) -> Extension:
    """A path needs a valid policy if it goes on for this many certificates below this one."""
    return x509.PolicyConstraints(count, None), is_critical


def no_any_policy_after(count: int) -> Extension:
    return x509.InhibitAnyPolicy(count), True


def mapped(issuers: str, subjects: str) -> Extension:
    pair = der.element(der.SEQUENCE, der.object_identifier(issuers), der.object_identifier(subjects))
    oid = x509.ObjectIdentifier("2.5.29.33")
    return x509.UnrecognizedExtension(oid, der.element(der.SEQUENCE, pair)), False


Extensions = tuple[Extension, ...]
NOW, NOW_NOT_CRITICAL = required_after(0), required_after(0, is_critical=False)
G, S, A, GS = policies(GOLD), policies(SILVER), policies(ANY), policies(GOLD, SILVER)


def plan(upper: Extensions, issuing: Extensions, leaf: Extensions, *, is_self_issued: bool = False) -> Plan:
    """A chain; with ``is_self_issued`` the upper CA issued the certificate of the issuing CA to itself."""
    return Plan(
        upper=replace(UPPER, extensions=upper),
        issuing=replace(ISSUING, extensions=issuing, name=(UPPER if is_self_issued else ISSUING).name),
        leaf=replace(LEAF, extensions=leaf),
    )


SATISFIED: tuple[tuple[str, Plan], ...] = (
    ("the same policy in all", plan((G, NOW), (G,), (G,))),
    ("the same policy in all, not critical", plan((G, NOW_NOT_CRITICAL), (G,), (G,))),
    ("one common policy", plan((GS, NOW), (GS,), (S,))),
    ("any policy in the CAs", plan((A, NOW), (A,), (G,))),
    ("any policy in all", plan((A, NOW), (A,), (A,))),
    ("required by the issuing CA", plan((G,), (G, NOW), (G,))),
    ("required by the leaf", plan((G,), (G,), (G, NOW))),
    ("required only in a longer path", plan((required_after(3),), (), ())),
    ("the looser one of two requirements does not count", plan((G, NOW), (G, required_after(5)), (G,))),
    ("a self-issued certificate does not count", plan((required_after(2),), (), (), is_self_issued=True)),
    ("any policy is still allowed below", plan((A, NOW, no_any_policy_after(2)), (A,), (A,))),
    (
        "any policy in a self-issued certificate",
        plan((G, NOW, no_any_policy_after(0)), (A,), (G,), is_self_issued=True),
    ),
    (
        "required by the root, which does not count",
        replace(plan((), (), ()), root=replace(ROOT, extensions=(NOW,))),
    ),
    ("mapped, but nothing is required", plan((G, mapped(GOLD, SILVER)), (S,), (S,))),
)
MISSED: tuple[tuple[str, Plan], ...] = (
    ("no policy in the leaf", plan((G, NOW), (G,), ())),
    ("no policy in the leaf, not critical", plan((G, NOW_NOT_CRITICAL), (G,), ())),
    ("no policy in the issuing CA", plan((G, NOW), (), (G,))),
    ("no policy at all", plan((NOW,), (), ())),
    ("different policies", plan((G, NOW), (G,), (S,))),
    ("no policy of all three", plan((G, NOW), (GS,), (S,))),
    ("required at the leaf", plan((required_after(2),), (), ())),
    ("required by the leaf itself", plan((), (), (NOW,))),
    ("the stricter one of two requirements", plan((required_after(5),), (NOW,), ())),
    ("any policy is inhibited", plan((G, NOW, no_any_policy_after(0)), (A,), (G,))),
    ("any policy is inhibited below", plan((G, NOW, no_any_policy_after(1)), (G,), (A,))),
    ("any policy is inhibited in the leaf", plan((G, NOW), (G, no_any_policy_after(0)), (A,))),
    ("mapped to another policy", plan((G, NOW, mapped(GOLD, SILVER)), (G,), (G,))),
)


def decision(chain: Chain) -> Decision:
    return decide(chain.sent, anchors_of([chain.root]), NOW_S)


@pytest.mark.parametrize("of", [of for _, of in SATISFIED], ids=[name for name, _ in SATISFIED])
def test_a_path_with_the_required_policy_is_accepted(of: Plan) -> None:
    assert decision(issued(of)).is_accepted


@pytest.mark.parametrize("of", [of for _, of in MISSED], ids=[name for name, _ in MISSED])
def test_a_path_without_the_required_policy_is_not_accepted(of: Plan) -> None:
    """Go and Java refuse it; OpenSSL does not look at policies unless it is told to."""
    found = decision(issued(of))
    assert found.openssl is None
    assert found.cryptography is not None
    assert found.cryptography.cause is Cause.POLICY


def test_policy_mappings_are_not_followed() -> None:
    """OpenSSL, Go and Java follow them and accept this path."""
    found = decision(issued(plan((G, NOW, mapped(GOLD, SILVER)), (S,), (S,))))
    assert (found.is_accepted, found.is_refused) == (False, False)


def test_a_path_that_requires_no_policy_is_preferred() -> None:
    """The upper CA has two certificates with the same key; only one of them requires a policy."""
    for requiring, other in (((NOW,), ()), ((), (NOW,))):
        upper, second = (replace(UPPER, extensions=each) for each in (requiring, other))
        of = Plan(upper=upper, cross_signed=((second, ROOT),))
        assert decision(issued(of)).is_accepted


def some_extensions(random: Random) -> Extensions:
    """Policies, and what is required; often the same, so that about half of the paths are valid."""
    return (
        *random.choice(((G,), (G,), (G,), (A,), (GS,), (S,), ())),
        *random.choice(
            ((), (required_after(random.choice((0, 1, 2, 3)), is_critical=random.random() < 0.5),))
        ),
        *random.choice(((), (), (no_any_policy_after(random.choice((0, 1))),))),
    )


@pytest.mark.loopback
@pytest.mark.skipif(OPENSSL is None, reason="needs the program openssl")
@pytest.mark.parametrize("number", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
def test_the_decision_is_that_of_openssls_policy_check(number: int, tmp_path: Path) -> None:
    """Without mappings, both decide alike."""
    rows = [("", of) for _, of in (*SATISFIED, *MISSED)] if number == LONG else []
    for seed in range(number):
        random = Random(f"policies {seed}")
        three = (some_extensions(random), some_extensions(random), some_extensions(random))
        rows.append((str(seed), plan(*three, is_self_issued=random.random() < 0.3)))
    differing = [
        (seed, of)
        for seed, of in rows
        if decision(chain := issued(of)).is_accepted is not openssl_accepts(chain, tmp_path, CHECKING)
    ]
    assert differing == []

"""Properties of every requirement of the catalogue."""

import pkgutil
from importlib import import_module

import pytest

import probe.requirements
from probe.model.verdicts import MEASURED, KmsStep, Level, Likelihood, Outcome, Scope, Trait
from probe.requirements import CATALOGUE, Rule, of_scopes, with_trait

ids = [rule.id for rule in CATALOGUE]
every_requirement = pytest.mark.parametrize("rule", CATALOGUE, ids=ids)


def test_ids_are_unique() -> None:
    assert len(set(ids)) == len(ids)


def test_required_comes_first_and_advice_last() -> None:
    levels = [list(Level).index(rule.published.level) for rule in CATALOGUE]
    assert levels == sorted(levels)


@every_requirement
def test_a_requirement_has_a_title_a_reason_a_source_and_a_remedy(rule: Rule) -> None:
    published = rule.published
    assert published.title.endswith(".")
    assert len(published.why) > 80
    assert published.source.startswith("https://")
    assert rule.remedy.text.endswith(".")


@every_requirement
def test_only_advice_has_no_errors(rule: Rule) -> None:
    assert bool(rule.published.errors) is (rule.published.level is not Level.ADVICE)


@every_requirement
def test_errors_are_expected_for_required_and_possible_for_risk(rule: Rule) -> None:
    expected = {Level.REQUIRED: {Likelihood.EXPECTED}, Level.RISK: {Likelihood.POSSIBLE}, Level.ADVICE: set()}
    assert {error.likelihood for error in rule.published.errors} == expected[rule.published.level]


def test_every_declared_requirement_is_in_the_catalogue() -> None:
    """A requirement outside the catalogue would never be judged."""
    modules = pkgutil.walk_packages(probe.requirements.__path__, "probe.requirements.")
    declared = {
        value.id
        for module in modules
        for value in vars(import_module(module.name)).values()
        if isinstance(value, Rule)
    }
    assert declared == set(ids)


def test_requirements_that_need_no_credential_belong_to_the_network_or_tls_step() -> None:
    steps = {rule.published.step for rule in of_scopes(MEASURED)}
    assert steps == {KmsStep.NETWORK, KmsStep.TLS, None}


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_has_requirements_of_its_own(scope: Scope) -> None:
    rules = of_scopes({scope})
    assert rules
    assert not set(rules) & set(of_scopes(set(Scope) - {scope}))


@pytest.mark.parametrize(
    ("trait", "named"),
    [
        (
            Trait.JUDGES_PEER,
            [
                "common-name-matches",
                "certificate-is-in-date",
                "certificate-path-validates",
                "subject-alternative-name-matches",
            ],
        ),
        (
            Trait.MEANS_SHUT,
            ["some-node-accepts-tcp-443", "every-node-accepts-tcp-443", "every-target-accepts-tcp-443"],
        ),
        (
            Trait.CONFIGURED_PATH,
            [
                "load-balancer-is-active",
                "load-balancer-has-ipv4",
                "listener-forwards-443",
                "two-targets-are-healthy",
                "every-zone-has-a-healthy-target",
                "network-routes-reach-every-target",
                "proxy-protocol-is-off",
            ],
        ),
        (
            Trait.ONE_SUFFICES,
            ["load-balancer-is-active", "load-balancer-has-ipv4", "listener-forwards-443"],
        ),
        (Trait.BACKENDS_ALONE, ["every-target-accepts-tcp-443"]),
        (Trait.REPEATS_KMS, ["credential-is-the-one-kms-holds"]),
    ],
    ids=str,
)
def test_only_these_requirements_have_the_trait(trait: Trait, named: list[str]) -> None:
    assert [rule.id for rule in with_trait(trait)] == named


def test_every_trait_has_a_requirement() -> None:
    assert all(map(with_trait, Trait))


@every_requirement
def test_a_required_requirement_that_is_never_unknown_has_a_reason(rule: Rule) -> None:
    published = rule.published
    never = published.level is Level.REQUIRED and Outcome.UNKNOWN not in published.outcomes
    assert bool(published.never_unknown) is never
    assert {Outcome.MET, Outcome.VIOLATED} <= set(published.outcomes)

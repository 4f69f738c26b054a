"""What holds for every requirement of the catalogue."""

import pytest

from probe.model.verdicts import Level, Likelihood, Outcome, Position
from probe.requirements import CATALOGUE, WATCHED, Declared

ids = [declared.id for declared in CATALOGUE]
every_requirement = pytest.mark.parametrize("declared", CATALOGUE, ids=ids)


def test_ids_are_unique() -> None:
    assert len(set(ids)) == len(ids)


def test_required_comes_first_and_advice_last() -> None:
    levels = [list(Level).index(declared.published.level) for declared in CATALOGUE]
    assert levels == sorted(levels)


@every_requirement
def test_it_says_what_holds_why_and_where_that_is_written(declared: Declared) -> None:
    published = declared.published
    assert published.title.endswith(".")
    assert len(published.why) > 80
    assert published.source.startswith("https://")
    assert declared.remedy.text.endswith(".")


@every_requirement
def test_only_advice_has_no_errors(declared: Declared) -> None:
    assert bool(declared.published.errors) is (declared.published.level is not Level.ADVICE)


@every_requirement
def test_required_expects_its_errors_and_risk_calls_them_possible(declared: Declared) -> None:
    expected = {Level.REQUIRED: {Likelihood.EXPECTED}, Level.RISK: {Likelihood.POSSIBLE}, Level.ADVICE: set()}
    assert {error.likelihood for error in declared.published.errors} == expected[declared.published.level]


def test_what_the_agent_watches_is_what_it_measures() -> None:
    assert {declared.position for declared in WATCHED} == {Position.NETWORK, Position.TLS}
    assert set(WATCHED) <= set(CATALOGUE)


@every_requirement
def test_a_required_one_that_is_never_unknown_says_why(declared: Declared) -> None:
    published = declared.published
    never = published.level is Level.REQUIRED and Outcome.UNKNOWN not in published.outcomes
    assert bool(published.never_unknown) is never
    assert {Outcome.MET, Outcome.VIOLATED} <= set(published.outcomes)

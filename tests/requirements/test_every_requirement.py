"""Checks that every requirement has tests and preflight cases, and that every error of KMS is known.

The real ring runs the preflight cases (tests/real/test_preflight_*.py). These tests only check that there is a case
for each outcome and for each error; they start no simulation.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest
from support.preflight.cases import load, subjects
from support.preflight.kms_errors import NOT_PREDICTABLE, PREDICTABLE

from probe.model.verdicts import KmsError
from probe.requirements import CATALOGUE, Rule, kms_errors

CASES = load()
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", CATALOGUE, ids=[rule.id for rule in CATALOGUE])
def test_every_outcome_of_a_requirement_has_a_preflight_case(rule: Rule) -> None:
    expected = {outcome for case in CASES for outcome in case.expect.get(rule.id, ())}
    declared = {outcome.value for outcome in rule.published.outcomes}
    assert declared - expected == set(), (
        f"{rule.id}: no case in tests/preflight_cases has this outcome under `expect`"
    )
    assert expected - declared == set(), (
        f"{rule.id}: this outcome is missing from `outcomes` in its declaration"
    )


@pytest.mark.parametrize("rule", CATALOGUE, ids=[rule.id for rule in CATALOGUE])
def test_a_requirement_is_seen_violated_in_a_case_of_the_short_run(rule: Rule) -> None:
    short = {case.name for case in CASES if not case.long and "violated" in case.expect.get(rule.id, ())}
    assert short, f"{rule.id}: each preflight case that violates it is `long`"


def test_each_file_of_preflight_cases_is_run() -> None:
    run_by_tests = {
        file.stem.removeprefix("test_preflight_") for file in (ROOT / "tests" / "real").glob("test_*.py")
    }
    assert set(subjects()) <= run_by_tests


def test_each_error_that_can_be_predicted_is_expected_of_a_preflight_case() -> None:
    predicted = {name for case in CASES for names in case.predict.values() for name in names}
    named = {name for case in CASES for name in case.names}
    assert {name.removeprefix("maybe ") for name in predicted} | named == PREDICTABLE


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_preflight_cases_expect_only_existing_requirements(case: object) -> None:
    assert set(case.expect) - {rule.id for rule in CATALOGUE} == set()


@pytest.mark.parametrize("rule", CATALOGUE, ids=[rule.id for rule in CATALOGUE])
def test_every_requirement_is_named_in_a_test(rule: Rule) -> None:
    """Its function or its id is in a test of this folder or in support/accounts/requirement_cases.py."""
    files = [
        *(ROOT / "tests" / "requirements").rglob("test_*.py"),
        ROOT / "tests" / "support" / "accounts" / "requirement_cases.py",
    ]
    texts = [file.read_text(encoding="utf-8") for file in files if file.name != "test_catalogue.py"]
    assert any(rule.id in text or rule.judge.__name__ in text for text in texts), (
        f"{rule.id}: no test names it"
    )


def test_every_declared_error_is_a_known_error_of_kms() -> None:
    modules = pkgutil.iter_modules(kms_errors.__path__, "probe.requirements.kms_errors.")
    errors = [each for module in modules for each in of(vars(import_module(module.name)))]
    names = {name for each in errors for name in (each.error, *each.alternatives)}
    assert names - PREDICTABLE == set(), "not in tests/support/preflight/kms_errors.py"
    assert PREDICTABLE - names == set(), "no error in probe/requirements/kms_errors has this name"
    assert not PREDICTABLE & NOT_PREDICTABLE


def of(value: object) -> Iterator[KmsError]:
    """The errors in a constant: a single error, a tuple or a mapping."""
    if isinstance(value, KmsError):
        yield value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
    for part in parts:
        yield from of(part)

"""What is asked of every requirement and of every error of KMS, before a simulation is started for them.

The real ring plays the preflight cases (tests/real/test_preflight_cases.py); that there is one for each outcome
is seen without playing.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest
from kms_words import NOT_PREDICTABLE, PREDICTABLE
from preflight_playing import load

from probe.model.verdicts import KmsError
from probe.requirements import CATALOGUE, Rule, kms_errors

CASES = load()
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", CATALOGUE, ids=[rule.id for rule in CATALOGUE])
def test_every_outcome_of_a_requirement_has_a_preflight_case(rule: Rule) -> None:
    expected = {outcome for case in CASES for outcome in case.expect.get(rule.id, ())}
    declared = {outcome.value for outcome in rule.published.outcomes}
    assert declared - expected == set(), (
        f"{rule.id}: no case in tests/preflight_cases has it so under `expect`"
    )
    assert expected - declared == set(), f"{rule.id}: `outcomes` of its declaration lacks it"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_preflight_case_expects_nothing_of_requirements_that_are_none(case: object) -> None:
    assert set(case.expect) - {rule.id for rule in CATALOGUE} == set()


@pytest.mark.parametrize("rule", CATALOGUE, ids=[rule.id for rule in CATALOGUE])
def test_every_requirement_is_tested_where_its_judge_stands(rule: Rule) -> None:
    """By its function or its id, in some test of the folder; account_cases.py has those of the account."""
    files = [*(ROOT / "tests" / "requirements").rglob("test_*.py"), ROOT / "tests" / "account_cases.py"]
    texts = [file.read_text(encoding="utf-8") for file in files if file.name != "test_catalogue.py"]
    assert any(rule.id in text or rule.judge.__name__ in text for text in texts), (
        f"{rule.id}: no test names it"
    )


def test_every_error_that_is_written_down_is_a_word_of_kms() -> None:
    modules = pkgutil.iter_modules(kms_errors.__path__, "probe.requirements.kms_errors.")
    errors = [each for module in modules for each in of(vars(import_module(module.name)))]
    names = {name for each in errors for name in (each.error, *each.alternatives)}
    assert names - PREDICTABLE == set(), "in no list of tests/kms_words.py"
    assert PREDICTABLE - names == set(), "no error in probe/requirements/kms_errors has the name"
    assert not PREDICTABLE & NOT_PREDICTABLE


def of(value: object) -> Iterator[KmsError]:
    """The errors in constants: alone, in tuples, in mappings."""
    if isinstance(value, KmsError):
        yield value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
    for part in parts:
        yield from of(part)

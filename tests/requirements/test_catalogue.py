"""What holds for every requirement of the catalogue."""

import pytest
from botocore.loaders import Loader

from probe.model.verdicts import KmsError, Level, Likelihood, Operation, Position
from probe.requirements import CATALOGUE, Declared, _errors

_OPERATIONS = {
    Operation.UPDATE: "UpdateCustomKeyStore",
    Operation.CREATE: "CreateCustomKeyStore",
    Operation.CREATE_KEY: "CreateKey",
}
ids = [declared.id for declared in CATALOGUE]
every_requirement = pytest.mark.parametrize("declared", CATALOGUE, ids=ids)


@pytest.fixture(scope="module")
def kms() -> dict[str, object]:
    return dict(Loader().load_service_model("kms", "service-2"))


def names_for(operation: Operation, kms: dict) -> set[str]:
    """The names that botocore's model has for an operation's failure."""
    if operation is Operation.CONNECT:
        return set(kms["shapes"]["ConnectionErrorCodeType"]["enum"])
    return {error["shape"] for error in kms["operations"][_OPERATIONS[operation]]["errors"]}


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


@every_requirement
def test_its_position_is_one_that_is_probed(declared: Declared) -> None:
    assert declared.position in {Position.NETWORK, Position.TLS}


@pytest.mark.parametrize("table", [name for name in vars(_errors) if name.isupper()])
def test_kms_has_every_error_that_we_name(table: str, kms: dict) -> None:
    errors = getattr(_errors, table)
    named = [error for error in errors if isinstance(error, KmsError)]
    for error in named:
        assert {error.error, *error.alternatives} <= names_for(error.operation, kms)

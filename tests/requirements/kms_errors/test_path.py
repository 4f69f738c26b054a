"""KMS's errors for network and TLS faults exist in its API, with the documented likelihood and basis."""

import pytest
from botocore.loaders import Loader

from probe.model.verdicts import Basis, KmsError, Likelihood, Operation
from probe.requirements.kms_errors import path as path_errors

_OPERATIONS = {
    Operation.UPDATE: "UpdateCustomKeyStore",
    Operation.CREATE: "CreateCustomKeyStore",
    Operation.CREATE_KEY: "CreateKey",
}
TABLES: dict[str, tuple[KmsError, ...]] = {
    name: table for name, table in vars(path_errors).items() if name.isupper() and isinstance(table, tuple)
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@pytest.fixture(scope="module")
def kms() -> dict[str, object]:
    return dict(Loader().load_service_model("kms", "service-2"))


def names_for(operation: Operation, kms: dict) -> set[str]:
    """The errors of an operation in botocore's model."""
    if operation is Operation.CONNECT:
        return set(kms["shapes"]["ConnectionErrorCodeType"]["enum"])
    return {error["shape"] for error in kms["operations"][_OPERATIONS[operation]]["errors"]}


def by_operation(table: tuple[KmsError, ...]) -> dict[Operation, KmsError]:
    return {error.operation: error for error in table}


@every_table
def test_every_error_exists_in_the_model_of_kms(table: tuple[KmsError, ...], kms: dict) -> None:
    for error in table:
        assert {error.error, *error.alternatives} <= names_for(error.operation, kms)


@every_table
def test_each_call_that_contacts_the_proxy_has_one_error_and_create_has_none(
    table: tuple[KmsError, ...],
) -> None:
    contacting = [Operation.CONNECT, Operation.UPDATE, Operation.CREATE_KEY]
    assert [error.operation for error in table] == contacting


@every_table
def test_errors_are_inferred_for_all_calls_if_they_are_inferred_for_connect(
    table: tuple[KmsError, ...],
) -> None:
    bases = {operation: error.basis for operation, error in by_operation(table).items()}
    is_inferred = bases.pop(Operation.CONNECT) is Basis.INFERRED
    assert (set(bases.values()) == {Basis.INFERRED}) is is_inferred


@every_table
def test_all_calls_have_the_same_likelihood_for_a_fault(table: tuple[KmsError, ...]) -> None:
    assert len({error.likelihood for error in table}) == 1


def test_only_the_tables_of_intermittent_errors_are_possible() -> None:
    possible = {name for name, table in TABLES.items() if table[0].likelihood is Likelihood.POSSIBLE}
    assert possible == {name for name in TABLES if name.startswith("AT_TIMES_")}
    assert len(possible) == 3


MISCONFIGURED = ("XksProxyInvalidConfigurationException",)


@pytest.mark.parametrize(
    ("basis", "update", "alternatives", "bases"),
    [
        (Basis.DOCUMENTED, Basis.DOCUMENTED, (), (Basis.DOCUMENTED, Basis.DOCUMENTED)),
        (Basis.DOCUMENTED, Basis.CONFLICTING, MISCONFIGURED, (Basis.CONFLICTING, Basis.DOCUMENTED)),
        (Basis.CONFLICTING, Basis.CONFLICTING, MISCONFIGURED, (Basis.CONFLICTING, Basis.DOCUMENTED)),
        (Basis.INFERRED, Basis.DOCUMENTED, (), (Basis.INFERRED, Basis.INFERRED)),
        (Basis.INFERRED, Basis.CONFLICTING, MISCONFIGURED, (Basis.INFERRED, Basis.INFERRED)),
    ],
)
def test_update_has_two_errors_if_aws_pages_disagree_about_it(
    basis: Basis, update: Basis, alternatives: tuple[str, ...], bases: tuple[Basis, Basis]
) -> None:
    errors = by_operation(path_errors.contact_errors("X", basis=basis, update=update))
    assert errors[Operation.CONNECT].basis is basis
    assert errors[Operation.UPDATE].alternatives == alternatives
    assert (errors[Operation.UPDATE].basis, errors[Operation.CREATE_KEY].basis) == bases


@pytest.mark.parametrize(
    ("table", "basis", "alternatives"),
    [
        (path_errors.NOT_REACHABLE, Basis.DOCUMENTED, ()),
        (path_errors.TLS, Basis.CONFLICTING, MISCONFIGURED),
    ],
    ids=["no connection", "failed TLS"],
)
def test_update_has_both_errors_that_aws_documents_for_failed_tls(
    table: tuple[KmsError, ...], basis: Basis, alternatives: tuple[str, ...]
) -> None:
    update = by_operation(table)[Operation.UPDATE]
    assert (update.error, update.basis) == ("XksProxyUriUnreachableException", basis)
    assert update.alternatives == alternatives

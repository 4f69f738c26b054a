"""Every declared error exists in KMS's model, for the operation that returns it."""

import pytest
from botocore.session import Session

from probe.model.verdicts import KmsError, Operation
from probe.requirements import CATALOGUE

KMS = Session().get_service_model("kms")
CODES = frozenset(KMS.shape_for("ConnectionErrorCodeType").enum)
CALLS = {
    Operation.CREATE: "CreateCustomKeyStore",
    Operation.UPDATE: "UpdateCustomKeyStore",
    Operation.CREATE_KEY: "CreateKey",
}
# Common AWS errors, which no service model lists.
COMMON = {"ValidationException", "UnsupportedOperationException"}
ERRORS = sorted(
    {(declared.id, error) for declared in CATALOGUE for error in declared.published.errors},
    key=lambda each: (each[0], each[1].operation),
)


@pytest.mark.parametrize(("requirement", "error"), ERRORS, ids=[f"{r}-{e.operation}" for r, e in ERRORS])
def test_a_declared_error_is_one_that_the_operation_can_return(requirement: str, error: KmsError) -> None:
    if error.operation is Operation.CONNECT:
        known = CODES
    else:
        shapes = KMS.operation_model(CALLS[error.operation]).error_shapes
        known = {shape.name for shape in shapes} | COMMON
    assert {error.error, *error.alternatives} <= known, requirement


def test_no_error_is_its_own_alternative() -> None:
    assert [error for _, error in ERRORS if error.error in error.alternatives] == []

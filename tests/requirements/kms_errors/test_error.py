"""An error is documented and expected unless its table says otherwise."""

from probe.model.verdicts import Basis, KmsError, Likelihood, Operation
from probe.requirements.kms_errors.error import error


def test_an_error_is_documented_and_expected_by_default() -> None:
    assert error(Operation.CONNECT, "X", "Y", "Z") == KmsError(
        operation=Operation.CONNECT,
        error="X",
        likelihood=Likelihood.EXPECTED,
        basis=Basis.DOCUMENTED,
        alternatives=("Y", "Z"),
    )
    doubtful = error(Operation.CONNECT, "X", basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE)
    assert (doubtful.basis, doubtful.likelihood) == (Basis.INFERRED, Likelihood.POSSIBLE)

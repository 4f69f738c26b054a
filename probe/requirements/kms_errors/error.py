"""How an error is declared, and the exceptions that KMS returns for many different faults."""

from probe.model.verdicts import Basis, KmsError, Likelihood, Operation

UNREACHABLE = "XksProxyUriUnreachableException"
MISCONFIGURED = "XksProxyInvalidConfigurationException"
WRONG_STATE = "CustomKeyStoreInvalidStateException"


def error(
    operation: Operation,
    name: str,
    *alternatives: str,
    basis: Basis = Basis.DOCUMENTED,
    likelihood: Likelihood = Likelihood.EXPECTED,
) -> KmsError:
    """An error of one operation. ``alternatives`` are other errors that AWS's pages give for the fault."""
    return KmsError(
        operation=operation, error=name, likelihood=likelihood, basis=basis, alternatives=alternatives
    )

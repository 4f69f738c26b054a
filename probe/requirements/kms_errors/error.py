"""How an error is written down, and the exceptions by which KMS names many faults."""

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
    """What one operation says. ``alternatives`` are other names that AWS's pages have for the same fault."""
    return KmsError(
        operation=operation, error=name, likelihood=likelihood, basis=basis, alternatives=alternatives
    )

"""What is met only with an extra CA: one that the user trusts, and KMS does not."""

from dataclasses import replace

from probe.model.evidence import Evidence
from probe.requirements.declare import Finding, met

_NOT_OF_KMS = "an extra CA from this configuration, which KMS does not trust"
_SIMULATED = "the simulated CA, which only this simulation counts as trusted by KMS"


def extra_authority(evidence: Evidence) -> str:
    """What an extra CA is, for the end of a clause."""
    return _SIMULATED if evidence.is_simulation else _NOT_OF_KMS


def met_with_extra_authority(because: str, evidence: Evidence) -> Finding:
    """Met, and marked. In a simulation the CA counts as one of KMS's, so nothing rests on it."""
    return replace(met(because), rests_on_extra_authority=not evidence.is_simulation)

"""For whom a request may be signed: a peer whose name and chain are such as KMS would take."""

import time

from probe.model.evidence import Evidence
from probe.model.measurements import Measurement, TlsDetails
from probe.model.targets import Check, Target
from probe.model.verdicts import Outcome
from probe.probes.health import MaySign
from probe.requirements.chain import authority_is_trusted_by_kms, chain_is_complete
from probe.requirements.dates import certificate_is_in_date
from probe.requirements.names import common_name_matches

_OF_THE_PEER = (common_name_matches, certificate_is_in_date, chain_is_complete, authority_is_trusted_by_kms)


def approval(extra_authorities: tuple[bytes, ...]) -> MaySign:
    """Says which requirement a peer does not meet, None if it meets all of them. *Unknown* is not met."""

    def unmet(target: Target, details: TlsDetails) -> str | None:
        seen = Measurement(target=target, check=Check.TLS, started_at_s=time.time(), details=details)
        evidence = Evidence(
            taken_at_s=seen.started_at_s,
            targets=(target,),
            latest=(seen,),
            extra_authorities=extra_authorities,
        )
        for declared in _OF_THE_PEER:
            findings = tuple(declared.judge(evidence))
            if not findings or any(each.outcome is not Outcome.MET for each in findings):
                return declared.id
        return None

    return unmet


def anybody(_target: Target, _details: TlsDetails) -> str | None:
    """For a laboratory: whoever answers gets a signed request."""
    return None

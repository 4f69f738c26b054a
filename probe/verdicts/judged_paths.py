"""Which of the certificates that were sent belong to a path that was judged. Pure.

Servers also send other certificates, such as an expired cross-certificate. Their dates do not matter.
"""

from collections.abc import Iterator

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.requirements.evidence.trust import trust_of


def certificates_of_paths(evidence: Evidence) -> frozenset[str]:
    """The SHA-256 of each, from the latest handshake of each target of ``evidence``."""
    return frozenset(_found(evidence))


def _found(evidence: Evidence) -> Iterator[str]:
    for measurement in evidence.latest:
        details = measurement.details
        if isinstance(details, TlsDetails) and details.chain:
            path = trust_of(details, evidence).path
            yield from (link.sha256 for link in path.links if link.position is not None) if path else ()

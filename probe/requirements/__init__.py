"""The catalogue: what an external key store needs of its network, one function each.

The order is that of the report: required, risk, advice. ``docs/requirements.md`` is made from it.
"""

from probe.requirements._declare import Declared, Finding
from probe.requirements.accepting_tcp import (
    every_node_accepts_tcp_443,
    every_target_accepts_tcp_443,
    some_node_accepts_tcp_443,
)
from probe.requirements.chain import authority_is_trusted_by_kms, chain_is_complete
from probe.requirements.dates import certificate_expires_in_10_days_or_more, certificate_is_in_date
from probe.requirements.handshake import (
    cipher_suite_is_supported,
    client_certificate_is_not_required,
    tls_version_is_supported,
)
from probe.requirements.names import common_name_matches, subject_alternative_name_matches
from probe.requirements.round_trip import round_trip_within_35_ms
from probe.requirements.same_certificate import same_certificate_everywhere

__all__ = ["CATALOGUE", "Declared", "Finding"]

CATALOGUE: tuple[Declared, ...] = (
    some_node_accepts_tcp_443,
    tls_version_is_supported,
    cipher_suite_is_supported,
    common_name_matches,
    certificate_is_in_date,
    chain_is_complete,
    authority_is_trusted_by_kms,
    client_certificate_is_not_required,
    round_trip_within_35_ms,
    every_node_accepts_tcp_443,
    every_target_accepts_tcp_443,
    same_certificate_everywhere,
    subject_alternative_name_matches,
    certificate_expires_in_10_days_or_more,
)

"""The catalogue: what an external key store requires of AWS, its network and its proxy, one function each.

CATALOGUE has the order of the report: required, risk, advice. ``docs/requirements.md`` is generated from it.
May import `wire` and `model`; a judge gets all its data as evidence and does no I/O (pure). To add a
requirement, write a function in the file of its subject, put its errors into `kms_errors` and its name into
CATALOGUE. Code that a second judge needs moves to `evidence`.
"""

from collections.abc import Set as AbstractSet

from probe.model.verdicts import Scope, Trait
from probe.requirements.accepting_tcp import (
    every_node_accepts_tcp_443,
    every_target_accepts_tcp_443,
    some_node_accepts_tcp_443,
)
from probe.requirements.certificate_path import certificate_path_validates
from probe.requirements.chain import authority_is_trusted_by_kms, chain_is_complete
from probe.requirements.credential import credential_is_the_one_kms_holds, credential_is_well_formed
from probe.requirements.dates import certificate_expires_in_10_days_or_more, certificate_is_in_date
from probe.requirements.declare import Finding, Rule
from probe.requirements.domain import (
    private_dns_name_is_under_a_public_domain,
    verification_record_is_published,
)
from probe.requirements.endpoint_connections import endpoint_connection_is_accepted
from probe.requirements.endpoint_service import (
    acceptance_is_not_required,
    endpoint_service_exists,
    endpoint_service_is_in_the_store_region,
    endpoint_service_offers_every_load_balancer_zone,
    endpoint_service_offers_ipv4,
    service_uses_a_network_load_balancer,
    two_availability_zones,
)
from probe.requirements.handshake import (
    cipher_suite_is_supported,
    client_certificate_is_not_required,
    tls_version_is_supported,
)
from probe.requirements.handshake_answer import tls_handshake_is_answered
from probe.requirements.health import (
    credential_is_accepted,
    health_answers_within_250_ms,
    key_manager_is_available,
    proxy_admits_kms,
    proxy_clock_is_right,
    two_key_managers,
    uri_path_is_served,
)
from probe.requirements.health_check import health_check_sees_the_proxy
from probe.requirements.health_conduct import (
    get_is_refused,
    key_metadata_is_usable,
    large_body_is_answered,
    unsigned_request_is_refused,
)
from probe.requirements.health_response import health_response_is_valid
from probe.requirements.key_store_form import (
    endpoint_service_name_is_well_formed,
    proxy_endpoint_is_well_formed,
    proxy_path_is_well_formed,
    region_supports_external_key_stores,
)
from probe.requirements.key_store_place import (
    endpoint_service_is_unused,
    key_store_is_connected,
    key_store_name_is_free,
    key_store_quota_has_room,
    proxy_address_is_unused,
)
from probe.requirements.large_client_hello import large_client_hello_is_answered
from probe.requirements.load_balancer import (
    listener_forwards_443,
    load_balancer_admits_privatelink_traffic,
    load_balancer_has_ipv4,
    load_balancer_is_active,
    load_balancer_is_internal,
)
from probe.requirements.names import common_name_matches, subject_alternative_name_matches
from probe.requirements.network_routes import network_routes_reach_every_target
from probe.requirements.principals import (
    allowed_principals_are_minimal,
    kms_is_an_allowed_principal,
    service_owner_is_declared,
    store_account_is_an_allowed_principal,
)
from probe.requirements.private_dns_name import (
    domain_is_verified,
    private_dns_name_is_unique_in_the_region,
    private_dns_name_matches_the_endpoint,
)
from probe.requirements.round_trip import round_trip_within_35_ms
from probe.requirements.same_certificate import same_certificate_everywhere
from probe.requirements.target_groups import (
    proxy_protocol_is_off,
    target_group_is_ip_tcp_443,
    two_targets_are_healthy,
    two_targets_are_registered,
)
from probe.requirements.target_zones import every_zone_has_a_healthy_target
from probe.requirements.vpc import (
    subnets_are_private,
    vpc_does_not_overlap_the_data_centre,
    vpc_resolves_dns_names,
)

__all__ = ["CATALOGUE", "Finding", "Rule", "of_scopes", "with_trait"]

CATALOGUE: tuple[Rule, ...] = (
    proxy_endpoint_is_well_formed,
    proxy_path_is_well_formed,
    endpoint_service_name_is_well_formed,
    credential_is_well_formed,
    region_supports_external_key_stores,
    key_store_quota_has_room,
    key_store_name_is_free,
    proxy_address_is_unused,
    endpoint_service_is_unused,
    endpoint_service_exists,
    endpoint_service_is_in_the_store_region,
    private_dns_name_is_under_a_public_domain,
    verification_record_is_published,
    domain_is_verified,
    endpoint_service_offers_ipv4,
    kms_is_an_allowed_principal,
    store_account_is_an_allowed_principal,
    service_owner_is_declared,
    acceptance_is_not_required,
    endpoint_connection_is_accepted,
    service_uses_a_network_load_balancer,
    two_availability_zones,
    subnets_are_private,
    private_dns_name_matches_the_endpoint,
    private_dns_name_is_unique_in_the_region,
    load_balancer_is_active,
    load_balancer_has_ipv4,
    listener_forwards_443,
    some_node_accepts_tcp_443,
    tls_handshake_is_answered,
    tls_version_is_supported,
    cipher_suite_is_supported,
    common_name_matches,
    certificate_is_in_date,
    chain_is_complete,
    authority_is_trusted_by_kms,
    certificate_path_validates,
    client_certificate_is_not_required,
    credential_is_accepted,
    proxy_clock_is_right,
    uri_path_is_served,
    proxy_admits_kms,
    health_response_is_valid,
    health_answers_within_250_ms,
    key_manager_is_available,
    key_metadata_is_usable,
    key_store_is_connected,
    credential_is_the_one_kms_holds,
    round_trip_within_35_ms,
    every_node_accepts_tcp_443,
    every_target_accepts_tcp_443,
    two_targets_are_healthy,
    every_zone_has_a_healthy_target,
    network_routes_reach_every_target,
    proxy_protocol_is_off,
    load_balancer_admits_privatelink_traffic,
    same_certificate_everywhere,
    large_body_is_answered,
    subject_alternative_name_matches,
    certificate_expires_in_10_days_or_more,
    two_key_managers,
    two_targets_are_registered,
    load_balancer_is_internal,
    target_group_is_ip_tcp_443,
    health_check_sees_the_proxy,
    endpoint_service_offers_every_load_balancer_zone,
    vpc_resolves_dns_names,
    vpc_does_not_overlap_the_data_centre,
    allowed_principals_are_minimal,
    get_is_refused,
    unsigned_request_is_refused,
    large_client_hello_is_answered,
)


def of_scopes(scopes: AbstractSet[Scope]) -> tuple[Rule, ...]:
    """The requirements of these scopes, in the order of the catalogue."""
    return tuple(rule for rule in CATALOGUE if rule.published.scope in scopes)


def with_trait(trait: Trait) -> tuple[Rule, ...]:
    """The requirements declared with this trait, in the order of the catalogue."""
    return tuple(rule for rule in CATALOGUE if trait in rule.published.traits)

"""Whether a path has the certificate policy that a CA requires (RFC 5280 section 6.1). Pure.

Neither validator evaluates policies: cryptography cannot, and OpenSSL's check needs a function that pyOpenSSL
lacks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import CertificatePoliciesOID, ObjectIdentifier

_ANY = CertificatePoliciesOID.ANY_POLICY
_MAPPINGS = ObjectIdentifier("2.5.29.33")
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


def has_required_policy(path: Sequence[x509.Certificate]) -> bool:
    """Whether ``path``, the leaf first and the anchor last, has a valid policy wherever one is required.

    Any policy will do. Policy mappings are not followed: below one, no policy is valid.
    Raises many kinds of errors for extensions that cannot be read.
    """
    leaf, authorities = path[0], path[1:-1]
    state = _State()
    for authority in reversed(authorities):
        state = replace(state, valid=_valid(authority, state, is_authority=True))
        if not state.valid and not state.required_after:
            return False
        state = _below(authority, state)
    # The leaf counts as one more certificate, even if it is self-issued (section 6.1.5 (a)).
    is_required = state.required_after <= 1 or _required_after(leaf) == 0
    return not is_required or bool(_valid(leaf, state, is_authority=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """The policies that are valid so far, and how many more certificates change the rules.

    After ``required_after`` certificates there must be a valid policy; after ``any_until`` certificates
    anyPolicy no longer stands for the others.
    """

    valid: frozenset[ObjectIdentifier] = frozenset({_ANY})
    required_after: float = inf
    any_until: float = inf


def _valid(
    certificate: x509.Certificate, state: _State, *, is_authority: bool
) -> frozenset[ObjectIdentifier]:
    """Section 6.1.3 (d) and (e): the policies of the certificate that are valid above it, too."""
    extension = _extension(certificate, x509.CertificatePolicies)
    listed = frozenset(each.policy_identifier for each in extension or ())
    named = listed - {_ANY}
    valid = named if _ANY in state.valid else named & state.valid
    may_be_any = state.any_until > 0 or (is_authority and _is_self_issued(certificate))
    return valid | state.valid if _ANY in listed and may_be_any else valid


def _below(authority: x509.Certificate, state: _State) -> _State:
    """Section 6.1.4: the state for the next certificate."""
    counted = 0 if _is_self_issued(authority) else 1
    inhibited = _extension(authority, x509.InhibitAnyPolicy)
    return _State(
        valid=frozenset() if _has_mappings(authority) else state.valid,
        required_after=min(max(state.required_after - counted, 0), _required_after(authority)),
        any_until=min(max(state.any_until - counted, 0), inhibited.skip_certs if inhibited else inf),
    )


def _required_after(certificate: x509.Certificate) -> float:
    constraints = _extension(certificate, x509.PolicyConstraints)
    if constraints is None or constraints.require_explicit_policy is None:
        return inf
    return constraints.require_explicit_policy


def _is_self_issued(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _has_mappings(certificate: x509.Certificate) -> bool:
    return any(each.oid == _MAPPINGS for each in certificate.extensions)


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None

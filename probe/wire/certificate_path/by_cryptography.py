"""The validator of the library cryptography (`cryptography.x509.verification`), in Rust.

Its client verifier with own policies for extensions, because its server verifier refuses certificates without
a subject alternative name, which KMS is not known to do.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from probe.wire.certificate_path.anchors import Anchors, read
from probe.wire.certificate_path.policies import has_required_policy
from probe.wire.certificate_path.refusal import Cause, Refusal

MIN_RSA_BITS = 2048
MAX_DEPTH = 16  # as many certificates as are considered at all; the default is 8
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_SERVER = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
# RFC 5280 sections 4.2.1.1, 4.2.1.2 and 4.2.2.1. OpenSSL, Go and Java refuse them where they are critical.
_NEVER_CRITICAL: tuple[Any, ...] = (
    x509.AuthorityKeyIdentifier,
    x509.SubjectKeyIdentifier,
    x509.AuthorityInformationAccess,
)
# Words in the messages of cryptography 45 to 50. Messages may change; then the cause is OTHER.
_WORDS = (
    ("not valid at validation time", Cause.OUT_OF_DATE),
    ("unaccounted-for critical", Cause.CRITICAL_EXTENSION),
    ("name constraint", Cause.NAME_CONSTRAINTS),
    ("subtree", Cause.NAME_CONSTRAINTS),
    ("max depth", Cause.PATH_LENGTH),
    ("path length", Cause.PATH_LENGTH),
    ("signature", Cause.SIGNATURE),
    ("no interior errors", Cause.NO_PATH),
    ("empty store", Cause.NO_PATH),
    ("public key", Cause.KEY),
    ("RSA key", Cause.KEY),
    ("basicConstraints", Cause.NOT_A_CA),
    ("invalid extension", Cause.MALFORMED),
    ("X509v3", Cause.VERSION),
)


def refusal(sent: tuple[bytes, ...], anchors: Anchors, at_s: int) -> Refusal | None:
    """Why it accepts no path from ``sent[0]`` to an anchor at ``at_s`` (Unix time); None if it does."""
    try:
        leaf, *others = map(read, sent)
        _require_key(leaf)
        _validate(leaf, others, anchors, at_s)
    except _BrokenRuleError as error:
        return Refusal(cause=error.cause, detail=str(error), position=error.position)
    except Exception as error:  # noqa: BLE001 -- any exception is a refusal; they have no common base class
        return Refusal(cause=_cause(str(error)), detail=f"{type(error).__name__}: {error}")
    return None


def _validate(leaf: x509.Certificate, others: list[x509.Certificate], anchors: Anchors, at_s: int) -> None:
    """Raises many kinds of errors if no path is accepted.

    A path that requires no certificate policy is preferred to one that requires and has it.
    """
    constraints = _PolicyConstraints()
    try:
        _path(leaf, others, anchors, at_s, _policies(constraints.refuse))
    except VerificationError:
        if not constraints.are_seen:
            raise
        if not has_required_policy(_path(leaf, others, anchors, at_s, _TOLERANT)):
            raise _BrokenRuleError(Cause.POLICY, "the path lacks the required certificate policy") from None


def _path(
    leaf: x509.Certificate,
    others: list[x509.Certificate],
    anchors: Anchors,
    at_s: int,
    policies: "_Policies",
) -> list[x509.Certificate]:
    """The first path that is accepted, the leaf first and the anchor last."""
    verifier = (
        PolicyBuilder()
        .store(Store(list(anchors.for_cryptography)))
        .time(dt.datetime.fromtimestamp(at_s, dt.UTC).replace(tzinfo=None))
        .max_chain_depth(MAX_DEPTH)
        .extension_policies(ca_policy=policies.authority, ee_policy=policies.leaf)
        .build_client_verifier()
    )
    return verifier.verify(leaf, others).chain


class _BrokenRuleError(ValueError):
    """Raised in a policy's callback, too: cryptography copies the message into its own exception."""

    def __init__(self, cause: Cause, words: str, position: int | None = None) -> None:
        super().__init__(f"[{cause}] {words}")
        self.cause = cause
        self.position = position


def _cause(message: str) -> Cause:
    """The cause of one of our callbacks if the message quotes it, else by cryptography's words."""
    for cause in Cause:
        if f"[{cause}]" in message:
            return cause
    return next((cause for words, cause in _WORDS if words in message), Cause.OTHER)


def _require_key(leaf: x509.Certificate) -> None:
    match leaf.public_key():
        case rsa.RSAPublicKey() as key if key.key_size >= MIN_RSA_BITS:
            return
        case ec.EllipticCurvePublicKey() as key if isinstance(key.curve, _CURVES):
            return
    words = f"neither RSA of {MIN_RSA_BITS} bits or more nor P-256, P-384 or P-521"
    raise _BrokenRuleError(Cause.KEY, words, position=0)


def _extended_key_usage(
    _policy: Policy, _certificate: x509.Certificate, extension: x509.ExtendedKeyUsage | None
) -> None:
    if extension is not None and _SERVER.isdisjoint(extension):
        raise _BrokenRuleError(Cause.PURPOSE, "the extended key usage lacks serverAuth")


def _basic_constraints(
    _policy: Policy, _certificate: x509.Certificate, extension: x509.BasicConstraints
) -> None:
    if not extension.ca:
        raise _BrokenRuleError(Cause.NOT_A_CA, "an issuer is not a CA")


def _key_usage_of_ca(
    _policy: Policy, _certificate: x509.Certificate, extension: x509.KeyUsage | None
) -> None:
    if extension is not None and not extension.key_cert_sign:
        raise _BrokenRuleError(Cause.KEY_USAGE, "the key usage of an issuer lacks keyCertSign")


def _key_usage_of_leaf(
    _policy: Policy, _certificate: x509.Certificate, extension: x509.KeyUsage | None
) -> None:
    if extension is not None and not (
        extension.digital_signature or extension.key_encipherment or extension.key_agreement
    ):
        raise _BrokenRuleError(Cause.KEY_USAGE, "the key usage does not fit TLS")


def _tolerate(_policy: Policy, _certificate: x509.Certificate, _extension: x509.ExtensionType | None) -> None:
    """Certificate policies restrict nothing unless a CA requires one: `has_required_policy`."""


@dataclass(slots=True)
class _PolicyConstraints:
    """Whether a certificate required a policy: the last error may be that of another path."""

    are_seen: bool = False

    def refuse(
        self, _policy: Policy, _certificate: x509.Certificate, extension: x509.PolicyConstraints | None
    ) -> None:
        if extension is not None and extension.require_explicit_policy is not None:
            self.are_seen = True
            raise _BrokenRuleError(Cause.POLICY, "an issuer requires a certificate policy")


@dataclass(frozen=True, slots=True)
class _Policies:
    """Which extensions certificates must and may have."""

    authority: ExtensionPolicy
    leaf: ExtensionPolicy


def _policies(policy_constraints: Callable[..., None]) -> _Policies:
    anything: Any = ExtensionPolicy.permit_all()
    issuer = anything.require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _basic_constraints)
    return _Policies(
        authority=_policy_of(issuer, _key_usage_of_ca, policy_constraints),
        leaf=_policy_of(anything, _key_usage_of_leaf, policy_constraints),
    )


def _policy_of(
    base: ExtensionPolicy, key_usage: Callable[..., None], policy_constraints: Callable[..., None]
) -> ExtensionPolicy:
    callbacks: tuple[tuple[Any, Callable[..., None]], ...] = (
        (x509.ExtendedKeyUsage, _extended_key_usage),
        (x509.KeyUsage, key_usage),
        (x509.CertificatePolicies, _tolerate),
        (x509.InhibitAnyPolicy, _tolerate),
        (x509.PolicyConstraints, policy_constraints),
    )
    for kind, callback in callbacks:
        base = base.may_be_present(kind, Criticality.AGNOSTIC, callback)
    for kind in _NEVER_CRITICAL:
        base = base.may_be_present(kind, Criticality.NON_CRITICAL, None)
    return base


_TOLERANT = _policies(_tolerate)

"""Certificate chains for validators: valid ones, and ones that break one or two rules of RFC 5280.

A chain is root, upper CA, issuing CA and leaf. Each kind of fault is a function that changes the specification of one
certificate, or what is sent; `generated` combines them at random.
"""

import datetime as dt
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from cryptography.x509.oid import NameOID

HOST = "proxy.xks.example.com"
NOW_S = 1_800_000_000
_NOW = dt.datetime.fromtimestamp(NOW_S, dt.UTC)
_DAY = dt.timedelta(days=1)
_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
_CONSTRAINTS = (
    *map(x509.DNSName, ("example.com", "xks.example.com", "other.example.org", HOST, "", ".example.com")),
    *(x509.IPAddress(ipaddress.ip_network(each)) for each in ("10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32")),
    *(x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)])) for each in (HOST, "B")),
    *(x509.UniformResourceIdentifier(".example.com"), x509.RFC822Name("example.com")),
)
_POLICY = x509.ObjectIdentifier("1.3.6.1.4.1.55555.2")


_CURVES = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "P-192": ec.SECP192R1(),
    "secp256k1": ec.SECP256K1(),
}


@cache
def key(kind: str, number: int) -> Any:
    """A key of this kind; the same one for the same number, because generating keys takes long."""
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if (curve := _CURVES.get(kind)) is not None:
        return ec.generate_private_key(curve)
    return rsa.generate_private_key(65537, int(kind.removeprefix("RSA ")))


def key_usage(*allowed: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in allowed for name in names})


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One certificate. An extension that is None is left out."""

    name: str
    number: int
    is_ca: bool = True
    key_kind: str = "P-256"
    days: tuple[float, float] = (-100, 100)
    path_length: int | None = None
    usage: tuple[str, ...] | None = ("key_cert_sign",)
    purposes: tuple[x509.ObjectIdentifier, ...] | None = None
    names: tuple[str, ...] | None = None
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    has_basic_constraints: bool = True
    signed_by: int | None = None  # the number of another key: the signature is wrong

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)] if self.name else [])


ROOT = Spec(name="Root", number=0)
UPPER = Spec(name="Upper CA", number=1)
OLD_ROOT = Spec(name="Old Root", number=6)
ISSUING = Spec(name="Issuing CA", number=2)
LEAF = Spec(
    name=HOST,
    number=3,
    is_ca=False,
    usage=("digital_signature",),
    purposes=(Purpose.SERVER_AUTH,),
    names=(HOST,),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A chain before it is issued. ``sent`` are indexes of the certificates below the root, the leaf first."""

    root: Spec = ROOT
    upper: Spec = UPPER
    issuing: Spec = ISSUING
    leaf: Spec = LEAF
    sent: tuple[int, ...] = (0, 1, 2)
    beside: tuple[Spec, ...] = ()
    cross_signed: tuple[tuple[Spec, Spec], ...] = ()  # (subject, issuer): sent in front of the CAs
    has_old_root: bool = False
    kinds: tuple[str, ...] = field(default=())


def certificate(spec: Spec, issuer: Spec) -> x509.Certificate:
    own = key(spec.key_kind, spec.number)
    builder = (
        x509.CertificateBuilder()
        .subject_name(spec.subject)
        .issuer_name(issuer.subject)
        .public_key(own.public_key())
        .serial_number(1000 + spec.number)
        .not_valid_before(_NOW + spec.days[0] * _DAY)
        .not_valid_after(_NOW + spec.days[1] * _DAY)
    )
    for extension, is_critical in _extensions(spec, issuer):
        builder = builder.add_extension(extension, is_critical)
    signing = key(issuer.key_kind, issuer.number if spec.signed_by is None else spec.signed_by)
    return builder.sign(signing, None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _extensions(spec: Spec, issuer: Spec) -> Iterator[tuple[x509.ExtensionType, bool]]:
    yield x509.SubjectKeyIdentifier.from_public_key(key(spec.key_kind, spec.number).public_key()), False
    yield (
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key(issuer.key_kind, issuer.number).public_key()),
        False,
    )
    if spec.has_basic_constraints:
        yield x509.BasicConstraints(ca=spec.is_ca, path_length=spec.path_length if spec.is_ca else None), True
    if spec.usage is not None:
        yield key_usage(*spec.usage), True
    if spec.purposes is not None:
        yield x509.ExtendedKeyUsage(spec.purposes), False
    if spec.names is not None:
        yield x509.SubjectAlternativeName([x509.DNSName(name) for name in spec.names]), not spec.name
    yield from spec.extensions


@dataclass(frozen=True, kw_only=True)
class Chain:
    """``sent`` as a server sends it, DER, the leaf first."""

    sent: tuple[bytes, ...]
    root: bytes
    kinds: tuple[str, ...]


def issued(plan: Plan) -> Chain:
    below = (
        certificate(plan.leaf, plan.issuing),
        certificate(plan.issuing, plan.upper),
        certificate(plan.upper, plan.root),
    )
    beside = [certificate(spec, spec) for spec in plan.beside]
    crossed = [certificate(*pair) for pair in plan.cross_signed]
    sent = [below[plan.sent[0]], *crossed, *(below[each] for each in plan.sent[1:]), *beside]
    trusted = OLD_ROOT if plan.has_old_root else plan.root
    root = certificate(trusted, trusted)
    return Chain(
        sent=tuple(each.public_bytes(Encoding.DER) for each in sent),
        root=root.public_bytes(Encoding.DER),
        kinds=plan.kinds,
    )


def _any_certificate(plan: Plan, random: Random, change: Callable[[Spec], Spec]) -> Plan:
    place = random.choice(("upper", "issuing", "leaf"))
    return replace(plan, **{place: change(getattr(plan, place))})


def _any_ca(plan: Plan, random: Random, change: Callable[[Spec], Spec]) -> Plan:
    place = random.choice(("upper", "issuing"))
    return replace(plan, **{place: change(getattr(plan, place))})


def _added(extension: x509.ExtensionType, *, is_critical: bool) -> Callable[[Spec], Spec]:
    def add(spec: Spec) -> Spec:
        others = [pair for pair in spec.extensions if pair[0].oid != extension.oid]
        return replace(spec, extensions=(*others, (extension, is_critical)))

    return add


def purposes(plan: Plan, random: Random) -> Plan:
    some = random.choice(
        (
            None, (Purpose.SERVER_AUTH,), (Purpose.CLIENT_AUTH,), (Purpose.EMAIL_PROTECTION,),
            (Purpose.ANY_EXTENDED_KEY_USAGE,), (Purpose.CLIENT_AUTH, Purpose.SERVER_AUTH),
        )
    )  # fmt: skip
    return _any_certificate(plan, random, lambda spec: replace(spec, purposes=some))


def usages(plan: Plan, random: Random) -> Plan:
    some = random.choice(
        (
            None,
            ("key_cert_sign",),
            ("digital_signature",),
            ("crl_sign",),
            ("key_encipherment",),
            ("content_commitment",),
        )
    )
    return _any_certificate(plan, random, lambda spec: replace(spec, usage=some))


def constraints(plan: Plan, random: Random) -> Plan:
    tree: list[x509.GeneralName] = [random.choice(_CONSTRAINTS)]
    is_permitted = random.random() < 0.5
    extension = x509.NameConstraints(tree if is_permitted else None, None if is_permitted else tree)
    return _any_ca(plan, random, _added(extension, is_critical=random.random() < 0.7))


def unknown_extensions(plan: Plan, random: Random) -> Plan:
    return _any_certificate(plan, random, _added(_UNKNOWN, is_critical=random.random() < 0.7))


def path_lengths(plan: Plan, random: Random) -> Plan:
    return _any_ca(plan, random, lambda spec: replace(spec, path_length=random.choice((0, 1, 2))))


def basic_constraints(plan: Plan, random: Random) -> Plan:
    if random.random() < 0.5:
        return _any_ca(plan, random, lambda spec: replace(spec, is_ca=False))
    return _any_certificate(plan, random, lambda spec: replace(spec, has_basic_constraints=False))


def policies(plan: Plan, random: Random) -> Plan:
    required = x509.PolicyConstraints(
        require_explicit_policy=random.choice((0, 1, 2)), inhibit_policy_mapping=None
    )
    some: tuple[x509.ExtensionType, ...] = (
        x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]), required, x509.InhibitAnyPolicy(0),
    )  # fmt: skip
    return _any_ca(plan, random, _added(random.choice(some), is_critical=random.random() < 0.5))


def orders(plan: Plan, random: Random) -> Plan:
    others = list(plan.sent[1:])
    random.shuffle(others)
    return replace(plan, sent=(0, *others))


def duplicates(plan: Plan, random: Random) -> Plan:
    return replace(plan, sent=(*plan.sent, random.choice(plan.sent)))


def missing(plan: Plan, random: Random) -> Plan:
    left_out = random.choice((1, 2))
    return replace(plan, sent=tuple(each for each in plan.sent if each != left_out))


def beside_the_path(plan: Plan, random: Random) -> Plan:
    stranger = Spec(name="Stranger", number=9, days=random.choice(((-100, 100), (-100, -1), (1, 100))))
    return replace(plan, beside=(*plan.beside, stranger))


def same_name_other_key(plan: Plan, _random: Random) -> Plan:
    return replace(plan, beside=(*plan.beside, replace(plan.issuing, number=8)))


def dates(plan: Plan, random: Random) -> Plan:
    # Not the last second itself: OpenSSL 3 and RFC 5280 differ on it.
    days = random.choice(
        ((-100, -1), (1, 100), (0, 100), (-100, 1 / 86400), (-100, -1 / 86400), (1 / 86400, 100))
    )
    return _any_certificate(plan, random, lambda spec: replace(spec, days=days))


def keys(plan: Plan, random: Random) -> Plan:
    kind = random.choice(
        ("RSA 1024", "RSA 2047", "RSA 2048", "RSA 3072", "P-384", "P-521", "P-192", "secp256k1", "Ed25519")
    )
    return _any_certificate(plan, random, lambda spec: replace(spec, key_kind=kind))


def signatures(plan: Plan, random: Random) -> Plan:
    return _any_certificate(plan, random, lambda spec: replace(spec, signed_by=7))


def names(plan: Plan, random: Random) -> Plan:
    name, alternatives = random.choice(
        (
            ("", (HOST,)),
            (HOST, None),
            (HOST, ("other.example.org",)),
            ("*.xks.example.com", ("*.xks.example.com",)),
        )
    )
    return replace(plan, leaf=replace(plan.leaf, name=name, names=alternatives))


def cross_signs(plan: Plan, random: Random) -> Plan:
    """A CA or the root is also signed by an older root, which is or is not the one that is trusted."""
    days = random.choice(((-100, 100), (-100, -1)))
    crossed = replace(random.choice((plan.root, plan.upper, plan.issuing)), days=days)
    pairs = [(crossed, OLD_ROOT)]
    if random.random() < 0.3:  # a loop
        pairs.append((plan.upper, plan.issuing))
    return replace(plan, cross_signed=tuple(pairs), has_old_root=random.random() < 0.5)


def self_issued(plan: Plan, _random: Random) -> Plan:
    """A CA that issued a certificate for its own new key (key rollover)."""
    return replace(plan, issuing=replace(plan.issuing, name=plan.upper.name))


def leaf_as_ca(plan: Plan, _random: Random) -> Plan:
    return replace(plan, leaf=replace(plan.leaf, is_ca=True, usage=("digital_signature", "key_cert_sign")))


KINDS = {
    each.__name__: each
    for each in (
        purposes, usages, constraints, unknown_extensions, path_lengths, basic_constraints, policies, orders, duplicates,
        missing, beside_the_path, same_name_other_key, dates, keys, signatures, names, cross_signs, self_issued, leaf_as_ca,
    )
}  # fmt: skip


def generated(kind: str, seed: int) -> Chain:
    """A chain of this kind; every other one has a second kind as well. The same seed gives the same rules."""
    random = Random(f"{kind} {seed}")
    kinds = (kind, *([random.choice(list(KINDS))] if seed % 2 else []))
    plan = Plan(kinds=kinds)
    for each in kinds:
        plan = KINDS[each](plan, random)
    return issued(plan)

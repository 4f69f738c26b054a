"""Builds certificate paths from the leaf to a root, out of the certificates as sent. Pure: no clock.

Only signatures and issuers are checked here; validity dates and other rules are left to the caller.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from probe.wire.root import read_root

# A server may send any number; at most as many as the TLS client keeps (network.tls_session.MAX_CHAIN) count.
MAX_CERTIFICATES = 16
# Certificates with the same name and key multiply the possible paths: besides one path to each certificate,
# at most this many are tried.
MAX_PATHS = 64

NameKey = tuple[str, ...]
"""A distinguished name in a form that is independent of the order and encoding of its attributes."""
RootId = tuple[NameKey, str]
"""Name and SHA-256 of the public key (DER, hex): a root that was issued again keeps both."""


class Ending(StrEnum):
    """How a path ends: at a known root, at a self-signed certificate, or because an issuer is missing."""

    ROOT = "root"
    SELF_SIGNED = "self_signed"
    MISSING_ISSUER = "missing_issuer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One certificate of the path. ``position`` is None for a root that was not sent.

    ``is_ca`` is whether basicConstraints and keyUsage allow it to sign certificates (RFC 5280 sections
    4.2.1.9 and 4.2.1.3); ``path_length`` is the allowed number of intermediates below it, None if unlimited.
    ``root_id`` identifies it as an issuer. Times are Unix seconds.
    """

    position: int | None
    sha256: str
    root_id: RootId
    subject: str
    name: NameKey
    issuer: str
    issuer_name: NameKey
    not_before_s: float
    not_after_s: float
    is_ca: bool
    path_length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path from the leaf, in which the next link verifiably signed each link.

    ``links`` includes the root if ``ending`` is ROOT or SELF_SIGNED. ``spare`` are the positions sent but not
    in the path, ``unreadable`` the positions without a readable certificate. ``in_order`` is whether the path
    has the order in which the certificates were sent. ``unverifiable`` is the algorithm of the last signature
    if its issuer is known and the path ends only because this algorithm is not supported here; else "".
    """

    links: tuple[Link, ...]
    ending: Ending
    spare: tuple[int, ...] = ()
    unreadable: tuple[int, ...] = ()
    unverifiable: str = ""

    @property
    def in_order(self) -> bool:
        positions = [link.position for link in self.links if link.position is not None]
        return positions == sorted(positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Trusted root certificates by subject (DER); the one that expires last comes first."""

    by_subject: Mapping[bytes, tuple[x509.Certificate, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, ders: Iterable[bytes]) -> Self:
        """All readable certificates in ``ders``."""
        by_subject: dict[bytes, tuple[x509.Certificate, ...]] = {}
        readable = filter(None, map(_read_root, ders))
        for certificate in sorted(readable, key=_preference):
            key = certificate.subject.public_bytes()
            by_subject[key] = (*by_subject.get(key, ()), certificate)
        return cls(by_subject=by_subject)

    def issuer_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        """The root that signed ``certificate``, or the certificate itself if it is a root."""
        named = self.by_subject.get(certificate.issuer.public_bytes(), ())
        if certificate in named:
            return certificate
        return next((root for root in named if _signed_by(certificate, root)), None)


def build(sent: tuple[bytes, ...], roots: Roots) -> tuple[Path, ...]:
    """The paths from the leaf, ``sent[0]``, best first: those to a root, else the longest ones.

    There are several if certificates with the same name and key, or cross-signatures, lead to such an end in
    several ways; the caller checks which of them is valid now. Empty if nothing was sent or the leaf cannot
    be read. Never raises.
    """
    read = tuple(_read(der, is_leaf=n == 0) for n, der in enumerate(sent[:MAX_CERTIFICATES]))
    if not read or read[0] is None:
        return ()
    walked = ([each for n in walk if (each := read[n])] for walk in _walks(_issuers(read)))
    ended = sorted((_ended(certificates, roots) for certificates in walked), key=_rank)
    best = ended[0]
    if best[1] is Ending.MISSING_ISSUER:  # shorter incomplete paths are not alternatives
        ended = [each for each in ended if _rank(each) == _rank(best)]
    return tuple(_path(each, read, roots) for each in ended if each[1] is best[1])


def name_key_of_values(values: Iterable[str]) -> NameKey:
    """The values of a name, without regard to case, order and attribute types."""
    return tuple(sorted(value.casefold() for value in values))


def root_id_of(certificate: x509.Certificate) -> RootId:
    """Raises ValueError, TypeError or UnsupportedAlgorithm for a key that cannot be read."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _name_key(certificate.subject), hashlib.sha256(key).hexdigest()


def subject_text(der: bytes) -> str:
    """The subject of a certificate as an RFC 4514 string, "" if it can't be read. Untrusted text."""
    certificate = _read(der)
    return certificate.subject.rfc4514_string() if certificate else ""


_NO_LONGER_VERIFIED = frozenset({"SHA-1", "MD5"})
_PREFERENCE = (Ending.ROOT, Ending.SELF_SIGNED, Ending.MISSING_ISSUER)
# What cryptography raises for bytes that are not a certificate, or for a certificate with malformed parts.
_UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_Sent = tuple[x509.Certificate | None, ...]
_Walk = tuple[int, ...]
_End = tuple[list[x509.Certificate], Ending]


def _read(der: bytes, *, is_leaf: bool = False) -> x509.Certificate | None:
    """The certificate, or None if a part used here can't be read (the leaf's extensions are not used)."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        _link(certificate, None)
        if not is_leaf:
            _ = certificate.extensions
    except _UNREADABLE:
        return None
    return certificate


def _read_root(der: bytes) -> x509.Certificate | None:
    try:
        root = read_root(der)
        root_id_of(root)
    except _UNREADABLE:
        return None
    return root


def _issuers(read: _Sent) -> tuple[tuple[int, ...], ...]:
    """For each position, the positions of the certificates that signed it, preferred ones first."""
    readable = [(n, each) for n, each in enumerate(read) if each is not None]
    readable.sort(key=lambda step: _preference(step[1]))
    return tuple(
        tuple(n for n, candidate in readable if n != below and _signed_by(certificate, candidate))
        if certificate is not None
        else ()
        for below, certificate in enumerate(read)
    )


def _preference(certificate: x509.Certificate) -> tuple[bool, float]:
    """A sort key: CA certificates first, then those that expire last."""
    return not _signing(certificate)[0], -certificate.not_valid_after_utc.timestamp()


def _walks(issuers: Sequence[tuple[int, ...]]) -> Iterable[_Walk]:
    """One shortest walk to each certificate reachable from the leaf by signatures, and some other walks."""
    return dict.fromkeys((*_shortest(issuers), *islice(_simple(issuers), MAX_PATHS)))


def _shortest(issuers: Sequence[tuple[int, ...]]) -> Iterator[_Walk]:
    visited = {0}
    level: list[_Walk] = [(0,)]
    while level:
        yield from level
        next_level: list[_Walk] = []
        for walk in level:
            fresh = [n for n in issuers[walk[-1]] if n not in visited]
            visited.update(fresh)
            next_level += [(*walk, n) for n in fresh]
        level = next_level


def _simple(issuers: Sequence[tuple[int, ...]]) -> Iterator[_Walk]:
    """All walks without a repeated certificate, breadth first; there may be very many."""
    level: list[_Walk] = [(0,)]
    while level:
        yield from level
        level = [(*walk, n) for walk in level for n in issuers[walk[-1]] if n not in walk]


def _ended(path: list[x509.Certificate], roots: Roots) -> _End:
    """The path, extended by the root if there is one, and how it ends."""
    last = path[-1]
    root = roots.issuer_of(last)
    if root is not None:
        return (path if root == last else [*path, root]), Ending.ROOT
    return path, Ending.SELF_SIGNED if _is_self_signed(last) else Ending.MISSING_ISSUER


def _rank(ended: _End) -> tuple[int, int]:
    """A sort key: the shortest path to a root is the best; without a root, the longest path is."""
    certificates, ending = ended
    length = len(certificates)
    return _PREFERENCE.index(ending), -length if ending is Ending.MISSING_ISSUER else length


def _path(ended: _End, read: _Sent, roots: Roots) -> Path:
    certificates, ending = ended
    links = tuple(_link(certificate, _position(certificate, read)) for certificate in certificates)
    used = {link.position for link in links}
    return Path(
        links=links,
        ending=ending,
        spare=tuple(n for n, each in enumerate(read) if each is not None and n not in used),
        unreadable=tuple(n for n, each in enumerate(read) if each is None),
        unverifiable=_unverifiable(certificates[-1], read, roots) if ending is Ending.MISSING_ISSUER else "",
    )


def _unverifiable(certificate: x509.Certificate, read: _Sent, roots: Roots) -> str:
    """The signature's algorithm if it is the only reason why the signature can't be verified, else ""."""
    named = roots.by_subject.get(certificate.issuer.public_bytes(), ())
    candidates = (*(each for each in read if each is not None and each != certificate), *named)
    return _algorithm(certificate) if any(_unsupported(certificate, each) for each in candidates) else ""


def _unsupported(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except UnsupportedAlgorithm:
        return True
    except (ValueError, TypeError):  # cryptography raises these for SHA-1, too
        return _algorithm(certificate) in _NO_LONGER_VERIFIED
    except InvalidSignature:
        return False
    return False


def _algorithm(certificate: x509.Certificate) -> str:
    """The common name of the algorithm: its hash ("SHA-1"), or its OID if it has none or is unknown."""
    try:
        hashed = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        hashed = None
    if hashed is None:
        return certificate.signature_algorithm_oid.dotted_string
    return hashed.name.upper().replace("SHA1", "SHA-1")


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_self_signed(certificate: x509.Certificate) -> bool:
    """A root's self-signature proves nothing, so an algorithm that can't be verified (SHA-1) is accepted."""
    if certificate.issuer != certificate.subject:
        return False
    try:
        certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):  # an unreadable key can't have signed anything
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return True
    return True


def _position(certificate: x509.Certificate, read: _Sent) -> int | None:
    return next((n for n, each in enumerate(read) if each == certificate), None)


def _link(certificate: x509.Certificate, position: int | None) -> Link:
    is_ca, path_length = _signing(certificate)
    return Link(
        position=position,
        sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        root_id=_root_id(certificate),
        subject=certificate.subject.rfc4514_string(),
        name=_name_key(certificate.subject),
        issuer=certificate.issuer.rfc4514_string(),
        issuer_name=_name_key(certificate.issuer),
        not_before_s=certificate.not_valid_before_utc.timestamp(),
        not_after_s=certificate.not_valid_after_utc.timestamp(),
        is_ca=is_ca,
        path_length=path_length,
    )


def _root_id(certificate: x509.Certificate) -> RootId:
    try:
        return root_id_of(certificate)
    except _UNREADABLE:
        return _name_key(certificate.subject), ""


def _signing(certificate: x509.Certificate) -> tuple[bool, int | None]:
    try:
        extensions = certificate.extensions
    except _UNREADABLE:
        return False, None
    try:
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False, None
    try:
        signs = extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        signs = True
    return basic.ca and signs, basic.path_length


def _name_key(name: x509.Name) -> NameKey:
    return name_key_of_values(
        value if isinstance(value, str) else value.hex() for value in (each.value for each in name)
    )

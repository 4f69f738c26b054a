"""Certificates with changed bytes, in any order: no exception, and trust only if the signatures justify it."""

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st
from support.evidence import DAY_S, HOST, NOW_S, authorities_of, evidence, issue, only, target, tls
from support.fuzzing import HOSTILE, share

from exporters.report import fields
from probe.model.verdicts import Outcome
from probe.requirements.chain import authority_is_trusted_by_kms, chain_is_complete
from probe.requirements.dates import certificate_expires_in_10_days_or_more, certificate_is_in_date
from probe.requirements.evidence import trust
from probe.requirements.names import common_name_matches, subject_alternative_name_matches
from probe.wire import certificate as reader
from probe.wire.chain import MAX_CERTIFICATES

ROOT = issue("Root", ca=True)
OTHER_ROOT = issue("Other Root", ca=True)
UPPER = issue("Upper", by=ROOT, ca=True)
MIDDLE = issue("Middle", by=UPPER, ca=True)
LEAF = issue(HOST, by=MIDDLE, dns_names=(HOST, "*.example.net"))
EXPIRED = issue(HOST, by=MIDDLE, to_s=NOW_S - DAY_S)
SOON = issue(HOST, by=MIDDLE, to_s=NOW_S + 5 * DAY_S)
MISNAMED = issue("other.example.com", by=MIDDLE, dns_names=("other.example.com",))
FORGED_MIDDLE = issue("Middle", by=issue("Upper", ca=True), ca=True)
FORGED = issue(HOST, by=FORGED_MIDDLE)
TWIN = issue("Middle", by=UPPER, key=MIDDLE.key, ca=True, to_s=NOW_S - DAY_S)
RSA_LEAF = issue(HOST, by=MIDDLE, key=rsa.generate_private_key(65537, 2048))
BY_RSA_ROOT = issue("RSA Root", key=rsa.generate_private_key(65537, 2048), ca=True)
BY_RSA = issue(HOST, by=BY_RSA_ROOT)
NOT_A_CA = issue(HOST, by=issue("Plain", by=ROOT))
LISTED = authorities_of(ROOT, BY_RSA_ROOT)
POOL = tuple(
    each.der
    for each in (
        LEAF, MIDDLE, UPPER, ROOT, EXPIRED, SOON, MISNAMED, FORGED_MIDDLE, FORGED, TWIN, RSA_LEAF, BY_RSA_ROOT, BY_RSA,
        NOT_A_CA, OTHER_ROOT,
    )
)  # fmt: skip
CHAINS = (
    (0, 1, 2),
    (0, 1, 2, 3),
    (0, 2, 1),
    (4, 1, 2),
    (5, 1, 2),
    (6, 1, 2),
    (8, 7, 2),
    (0, 9, 1, 2),
    (10, 1, 2),
    (12,),
    (12, 11),
)
Spots = list[tuple[int, int, int]]  # index of the certificate, offset of the byte, its new value
_SPOTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1200), st.integers(0, 255)), min_size=1, max_size=2
)


@lru_cache(maxsize=4096)
def _parsed(der: bytes) -> x509.Certificate | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return x509.load_der_x509_certificate(der)
        except Exception:  # noqa: BLE001 -- an oracle: a certificate that it cannot read proves nothing
            return None


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of six requirements for a chain."""

    complete: Outcome
    authority: Outcome
    in_date: Outcome
    not_soon: Outcome
    common_name: Outcome
    alternative: Outcome


def outcomes_of(chain: tuple[bytes, ...]) -> Outcomes:
    read = tuple(reader.read_certificate(der, n) for n, der in enumerate(chain))
    for each in read:
        fields.certificate(each)
    proxy = replace(target(), plans=())
    measured = evidence(tls(proxy, read))
    return Outcomes(
        *(
            only(declared, measured).outcome
            for declared in (
                chain_is_complete, authority_is_trusted_by_kms, certificate_is_in_date,
                certificate_expires_in_10_days_or_more, common_name_matches, subject_alternative_name_matches,
            )
        )
    )  # fmt: skip


def _signed(below: x509.Certificate, above: x509.Certificate) -> bool:
    """Checks only the signature, with primitives of `cryptography` and not with the reader under test."""
    key: Any = above.public_key()
    algorithm: Any = below.signature_hash_algorithm
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(below.signature, below.tbs_certificate_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(below.signature, below.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
        else:
            return False
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def leads_to(roots: list[x509.Certificate], chain: tuple[bytes, ...]) -> bool:
    """Whether a path through the sent certificates, each signed by the next, ends at (or directly below) a root."""
    read = [one for one in map(_parsed, chain) if one is not None]
    first = _parsed(chain[0]) if chain else None
    reached, pending = set[bytes](), [first] if first else []
    while pending:
        one = pending.pop()
        der = one.public_bytes(Encoding.DER)
        if der in reached:
            continue
        reached.add(der)
        if any(one == root or _safely_signed(one, root) for root in roots):
            return True
        pending += [above for above in read if _safely_signed(one, above)]
    return False


def _safely_signed(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        return _signed(below, above)
    except Exception:  # noqa: BLE001 -- an oracle: a certificate that it cannot read is not signed
        return False


def leads_to_a_root(chain: tuple[bytes, ...]) -> bool:
    return leads_to([ROOT.certificate, BY_RSA_ROOT.certificate], chain)


def _own_roots(chain: tuple[bytes, ...]) -> list[x509.Certificate]:
    """Certificates whose issuer is their own subject, except those whose self-signature is invalid."""
    read = [one for one in map(_parsed, chain) if one is not None]
    return [one for one in read if _is_self_issued(one) and not _has_invalid_self_signature(one)]


def _is_self_issued(one: x509.Certificate) -> bool:
    try:
        return one.issuer == one.subject
    except Exception:  # noqa: BLE001 -- an oracle, as above
        return False


def _has_invalid_self_signature(one: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(one)
    except InvalidSignature:
        return True
    except Exception:  # noqa: BLE001 -- an unsupported key or hash
        return False
    return False


def _common_names(leaf: x509.Certificate | None) -> list[str] | None:
    try:
        attributes = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if leaf else None
    except Exception:  # noqa: BLE001 -- an oracle, as above
        return None
    return None if attributes is None else [str(each.value) for each in attributes]


def _contains_the_host_name(der: bytes) -> bool:
    return any(name.encode() in der.lower() for name in (HOST, f"*.{HOST.partition('.')[2]}"))


def check_each_met(chain: tuple[bytes, ...], found: Outcomes) -> None:
    """The bytes must justify each *met*."""
    leaf = _parsed(chain[0]) if chain else None
    if found.authority is Outcome.MET:
        assert leads_to_a_root(chain)
    if found.complete is Outcome.MET:  # any root that completes the chain
        assert leads_to_a_root(chain) or leads_to(_own_roots(chain), chain)
    if Outcome.MET in (found.in_date, found.not_soon):
        assert leaf is not None
        assert leaf.not_valid_after_utc.timestamp() >= NOW_S
        if found.in_date is Outcome.MET:
            assert leaf.not_valid_before_utc.timestamp() <= NOW_S
    if found.common_name is Outcome.MET:
        names = _common_names(leaf)
        # If cryptography cannot read the names, the name must be in the raw bytes.
        assert names is not None or _contains_the_host_name(chain[0])
        assert names is None or any(name.lower() in (HOST, f"*.{HOST.partition('.')[2]}") for name in names)
    if found.alternative is Outcome.MET:
        assert _contains_the_host_name(chain[0])


def as_kms(monkeypatch: Any) -> None:
    monkeypatch.setattr(trust, "kms_authorities", lambda: LISTED)


def changed(chain: list[bytes], spots: Spots) -> tuple[tuple[bytes, ...], frozenset[int]]:
    """The chain with changed bytes, and the indexes of the changed certificates."""
    for which, at, byte in spots:
        n = which % len(chain)
        der = bytearray(chain[n])
        der[at % len(der)] = byte
        chain[n] = bytes(der)
    return tuple(chain), frozenset(n for n, der in enumerate(chain) if der not in POOL)


@given(st.sampled_from(CHAINS), _SPOTS)
@share(0.12)
def test_a_changed_byte_never_makes_a_chain_trusted(
    monkeypatch: Any, order: tuple[int, ...], spots: Spots
) -> None:
    as_kms(monkeypatch)
    chain, changed_indexes = changed([POOL[n] for n in order], spots)
    found = outcomes_of(chain)
    check_each_met(chain, found)
    leaf = _parsed(chain[0])
    if 0 in changed_indexes and Outcome.MET in (found.complete, found.authority):
        # Only unsigned parts may differ: another encoding of the signature, or the name of its algorithm.
        assert leaf is not None
        assert leaf.tbs_certificate_bytes in POOL[order[0]]


@given(st.lists(st.integers(0, len(POOL) - 1), max_size=MAX_CERTIFICATES + 2))
@share(0.06)
def test_certificates_in_any_order_are_trusted_only_if_signed(monkeypatch: Any, order: list[int]) -> None:
    as_kms(monkeypatch)
    chain = tuple(POOL[n] for n in order)
    check_each_met(chain, outcomes_of(chain))


_PIECES = st.binary(max_size=40) | st.sampled_from([one.encode("utf-8", "replace")[:100] for one in HOSTILE])


@example(
    which=11, at=458, removed=18, inserted=bytes(18), without_chain=True
)  # a root, self-signature damaged
@example(which=11, at=458, removed=18, inserted=bytes(18), without_chain=False)
@given(st.integers(0, len(POOL) - 1), st.integers(0, 900), st.integers(0, 60), _PIECES, st.booleans())
@share(0.06)
def test_inserted_or_removed_bytes_cause_no_exception_and_no_false_met(
    monkeypatch: Any,
    which: int,
    at: int,
    removed: int,
    inserted: bytes,
    without_chain: bool,
) -> None:
    as_kms(monkeypatch)
    der = POOL[which]
    at %= len(der)
    malformed = der[:at] + inserted + der[at + removed :]
    chain = (malformed,) if without_chain else (malformed, MIDDLE.der, UPPER.der)
    check_each_met(chain, outcomes_of(chain))


@given(st.lists(st.binary(max_size=60), max_size=3))
@share(0.02)
def test_random_bytes_are_never_a_valid_certificate(chain: list[bytes]) -> None:
    found = outcomes_of(tuple(chain))
    assert Outcome.MET not in (found.complete, found.authority, found.in_date, found.common_name)


def test_the_unchanged_chain_is_trusted(monkeypatch: Any) -> None:
    """Otherwise the tests above would prove nothing."""
    as_kms(monkeypatch)
    for order in (CHAINS[0], CHAINS[1], CHAINS[9]):
        chain = tuple(POOL[n] for n in order)
        assert outcomes_of(chain).authority is outcomes_of(chain).complete is Outcome.MET
        assert leads_to_a_root(chain)
    assert not leads_to_a_root(tuple(POOL[n] for n in CHAINS[6]))

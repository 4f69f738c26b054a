"""Certificates with changed bytes, in any order: no exception, and trust only where signatures bear it out."""

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
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
NO_AUTHORITY = issue(HOST, by=issue("Plain", by=ROOT))
LISTED = authorities_of(ROOT, BY_RSA_ROOT)
POOL = tuple(
    each.der
    for each in (
        LEAF, MIDDLE, UPPER, ROOT, EXPIRED, SOON, MISNAMED, FORGED_MIDDLE, FORGED, TWIN, RSA_LEAF, BY_RSA_ROOT, BY_RSA,
        NO_AUTHORITY, OTHER_ROOT,
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
Spots = list[tuple[int, int, int]]  # which certificate, which byte, what is there
_SPOTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1200), st.integers(0, 255)), min_size=1, max_size=2
)


@lru_cache(maxsize=4096)
def _parsed(der: bytes) -> x509.Certificate | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return x509.load_der_x509_certificate(der)
        except Exception:  # noqa: BLE001 -- an oracle: what it can't read proves nothing
            return None


@dataclass(frozen=True)
class Said:
    """What the six requirements find of a chain."""

    complete: Outcome
    authority: Outcome
    in_date: Outcome
    not_soon: Outcome
    common_name: Outcome
    alternative: Outcome


def judged(chain: tuple[bytes, ...]) -> Said:
    read = tuple(reader.read_certificate(der, n) for n, der in enumerate(chain))
    for each in read:
        fields.certificate(each)
    proxy = replace(target(), plans=())
    seen = evidence(tls(proxy, read))
    return Said(
        *(
            only(declared, seen).outcome
            for declared in (
                chain_is_complete, authority_is_trusted_by_kms, certificate_is_in_date,
                certificate_expires_in_10_days_or_more, common_name_matches, subject_alternative_name_matches,
            )
        )
    )  # fmt: skip


def _signed(below: x509.Certificate, above: x509.Certificate) -> bool:
    """The signature alone, by cryptography's own primitives; nothing of the reader's."""
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
    """Some walk over the certificates sent, each signed by the next, ends under (or in) one of ``roots``."""
    read = [one for one in map(_parsed, chain) if one is not None]
    first = _parsed(chain[0]) if chain else None
    reached, turn = set[bytes](), [first] if first else []
    while turn:
        one = turn.pop()
        der = one.public_bytes(Encoding.DER)
        if der in reached:
            continue
        reached.add(der)
        if any(one == root or _safely_signed(one, root) for root in roots):
            return True
        turn += [above for above in read if _safely_signed(one, above)]
    return False


def _safely_signed(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        return _signed(below, above)
    except Exception:  # noqa: BLE001 -- an oracle: whatever it can't read is not signed
        return False


def leads_to_a_root(chain: tuple[bytes, ...]) -> bool:
    return leads_to([ROOT.certificate, BY_RSA_ROOT.certificate], chain)


def _own_roots(chain: tuple[bytes, ...]) -> list[x509.Certificate]:
    """Those that name themselves as issuer, unless their own signature on it is refuted: it proves nothing."""
    read = [one for one in map(_parsed, chain) if one is not None]
    return [one for one in read if _names_itself(one) and not _is_refuted(one)]


def _names_itself(one: x509.Certificate) -> bool:
    try:
        return one.issuer == one.subject
    except Exception:  # noqa: BLE001 -- an oracle, as above
        return False


def _is_refuted(one: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(one)
    except InvalidSignature:
        return True
    except Exception:  # noqa: BLE001 -- a key or a hash that is not known here
        return False
    return False


def _common_names(leaf: x509.Certificate | None) -> list[str] | None:
    try:
        found = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if leaf else None
    except Exception:  # noqa: BLE001 -- an oracle, as above
        return None
    return None if found is None else [str(each.value) for each in found]


def _names_the_host(der: bytes) -> bool:
    return any(name.encode() in der.lower() for name in (HOST, f"*.{HOST.partition('.')[2]}"))


def hold(chain: tuple[bytes, ...], said: Said) -> None:
    """Each *met* is borne out by the bytes."""
    leaf = _parsed(chain[0]) if chain else None
    if said.authority is Outcome.MET:
        assert leads_to_a_root(chain)
    if said.complete is Outcome.MET:  # to whatever root, if it closes the chain
        assert leads_to_a_root(chain) or leads_to(_own_roots(chain), chain)
    if Outcome.MET in (said.in_date, said.not_soon):
        assert leaf is not None
        assert leaf.not_valid_after_utc.timestamp() >= NOW_S
        if said.in_date is Outcome.MET:
            assert leaf.not_valid_before_utc.timestamp() <= NOW_S
    if said.common_name is Outcome.MET:
        names = _common_names(leaf)
        # What cryptography can't read is looked for as it is.
        assert names is not None or _names_the_host(chain[0])
        assert names is None or any(name.lower() in (HOST, f"*.{HOST.partition('.')[2]}") for name in names)
    if said.alternative is Outcome.MET:
        assert _names_the_host(chain[0])


def as_kms(monkeypatch: Any) -> None:
    monkeypatch.setattr(trust, "kms_authorities", lambda: LISTED)


def changed(chain: list[bytes], spots: Spots) -> tuple[tuple[bytes, ...], frozenset[int]]:
    """The chain with other bytes, and the places of certificates that are not what they were."""
    for which, at, byte in spots:
        n = which % len(chain)
        der = bytearray(chain[n])
        der[at % len(der)] = byte
        chain[n] = bytes(der)
    return tuple(chain), frozenset(n for n, der in enumerate(chain) if der not in POOL)


@given(st.sampled_from(CHAINS), _SPOTS)
@share(0.12)
def test_a_changed_byte_makes_nobody_trusted(monkeypatch: Any, order: tuple[int, ...], spots: Spots) -> None:
    as_kms(monkeypatch)
    chain, touched = changed([POOL[n] for n in order], spots)
    said = judged(chain)
    hold(chain, said)
    leaf = _parsed(chain[0])
    if 0 in touched and Outcome.MET in (said.complete, said.authority):
        # Only what is not signed may differ: the signature itself in another form, or its algorithm's name.
        assert leaf is not None
        assert leaf.tbs_certificate_bytes in POOL[order[0]]


@given(st.lists(st.integers(0, len(POOL) - 1), max_size=MAX_CERTIFICATES + 2))
@share(0.06)
def test_no_order_of_certificates_makes_nobody_trusted(monkeypatch: Any, order: list[int]) -> None:
    as_kms(monkeypatch)
    chain = tuple(POOL[n] for n in order)
    hold(chain, judged(chain))


_PIECES = st.binary(max_size=40) | st.sampled_from([one.encode("utf-8", "replace")[:100] for one in HOSTILE])


@given(st.integers(0, len(POOL) - 1), st.integers(0, 900), st.integers(0, 60), _PIECES, st.booleans())
@share(0.06)
def test_bytes_put_in_or_taken_out_break_nothing(
    monkeypatch: Any,
    which: int,
    at: int,
    taken: int,
    put: bytes,
    alone: bool,
) -> None:
    as_kms(monkeypatch)
    der = POOL[which]
    at %= len(der)
    odd = der[:at] + put + der[at + taken :]
    chain = (odd,) if alone else (odd, MIDDLE.der, UPPER.der)
    hold(chain, judged(chain))


@given(st.lists(st.binary(max_size=60), max_size=3))
@share(0.02)
def test_any_bytes_are_no_certificate(chain: list[bytes]) -> None:
    said = judged(tuple(chain))
    assert Outcome.MET not in (said.complete, said.authority, said.in_date, said.common_name)


def test_the_unchanged_chain_is_trusted(monkeypatch: Any) -> None:
    """Else the properties above would hold of nothing."""
    as_kms(monkeypatch)
    for order in (CHAINS[0], CHAINS[1], CHAINS[9]):
        chain = tuple(POOL[n] for n in order)
        assert judged(chain).authority is judged(chain).complete is Outcome.MET
        assert leads_to_a_root(chain)
    assert not leads_to_a_root(tuple(POOL[n] for n in CHAINS[6]))

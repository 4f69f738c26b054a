"""Odd certificates, written byte by byte: what both validators decide, and what `openssl verify` says.

The outcomes were compared with Go's crypto/x509 and Java's PKIX as well: nothing that all of them refuse is accepted,
and nothing that all of them accept is refused. Where they differ, so may the two validators.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.tls import der_edits as der
from support.tls.openssl_verify import OPENSSL, openssl_accepts
from support.tls.path_cases import HOST, NOW_S, Chain, Plan, issued, key

from probe.wire.certificate_path.anchors import anchors_of
from probe.wire.certificate_path.decision import decide
from probe.wire.certificate_path.refusal import Cause

ACCEPTED, DIFFER, REFUSED = "accepted", "differ", "refused"
(LEAF, ISSUING, UPPER), ROOT = issued(Plan()).sent, issued(Plan()).root
AUTHORITY_KEY, SUBJECT_KEY, PURPOSE, USAGE = "2.5.29.35", "2.5.29.14", "2.5.29.37", "2.5.29.15"
BASIC, NAMES, CONSTRAINTS, POLICIES = "2.5.29.19", "2.5.29.17", "2.5.29.30", "2.5.29.32"
POLICY_CONSTRAINTS, ISSUER_URLS, NETSCAPE = "2.5.29.36", "1.3.6.1.5.5.7.1.1", "2.16.840.1.113730.1.1"
SERVERS, ANY, STEP_UP = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0", "2.16.840.1.113730.4.1"
DNS, IP, URI, DIRECTORY = 0x82, 0x87, 0x86, 0xA4
PSS = "1.2.840.113549.1.1.10"


def leaf(edit: der.Edit, **fields: str) -> Chain:
    return chain((der.edited(LEAF, key("P-256", 2), edit, **fields), ISSUING, UPPER))


def issuing(edit: der.Edit, **fields: str) -> Chain:
    return chain((LEAF, der.edited(ISSUING, key("P-256", 1), edit, **fields), UPPER))


def root(edit: der.Edit) -> Chain:
    return chain((LEAF, ISSUING, UPPER), der.edited(ROOT, key("P-256", 0), edit))


def chain(sent: tuple[bytes, ...], anchor: bytes = ROOT) -> Chain:
    return Chain(sent=sent, root=anchor, kinds=())


def same(fields: list[bytes]) -> list[bytes]:
    return fields


def serial(content: bytes) -> der.Edit:
    return der.with_part(der.SERIAL, der.element(der.INTEGER, content))


def purposes(*dotted: str, is_critical: bool = False) -> der.Edit:
    value = der.element(der.SEQUENCE, *map(der.object_identifier, dotted))
    return der.with_extensions(der.extension(PURPOSE, value, is_critical=is_critical), without=(PURPOSE,))


def replaced(dotted: str, value: bytes, *, is_critical: bool = False) -> der.Edit:
    return der.with_extensions(der.extension(dotted, value, is_critical=is_critical), without=(dotted,))


def added(dotted: str, value: bytes, *, is_critical: bool = False) -> der.Edit:
    return der.with_extensions(der.extension(dotted, value, is_critical=is_critical))


def names(*of: tuple[int, bytes]) -> der.Edit:
    return replaced(NAMES, der.element(der.SEQUENCE, *(der.element(tag, name) for tag, name in of)))


def validity(tag: int, first: bytes, last: bytes) -> der.Edit:
    return der.with_part(
        der.VALIDITY, der.element(der.SEQUENCE, der.element(tag, first), der.element(tag, last))
    )


def constrained(*trees: tuple[int, bytes], is_permitted: bool = True, is_critical: bool = True) -> Chain:
    subtrees = (der.element(der.SEQUENCE, der.element(tag, base)) for tag, base in trees)
    value = der.element(der.SEQUENCE, der.element(0xA0 if is_permitted else 0xA1, *subtrees))
    return issuing(added(CONSTRAINTS, value, is_critical=is_critical))


def organization(name: bytes) -> bytes:
    attribute = der.element(der.SEQUENCE, der.object_identifier("2.5.4.10"), der.element(0x0C, name))
    return der.element(der.SEQUENCE, der.element(0x31, attribute))


def pss_key() -> bytes:
    """An RSA key whose algorithm is id-RSASSA-PSS."""
    numbers = key("RSA 2048", 3).public_key().public_numbers()
    modulus = b"\0" + numbers.n.to_bytes(256, "big")
    integers = der.element(der.INTEGER, modulus), der.element(der.INTEGER, b"\x01\x00\x01")
    bits = der.element(der.BIT_STRING, b"\0", der.element(der.SEQUENCE, *integers))
    return der.element(der.SEQUENCE, der.element(der.SEQUENCE, der.object_identifier(PSS)), bits)


SINGLE = der.element(der.SEQUENCE, der.element(der.SEQUENCE, der.object_identifier("1.2.3.4")))
URLS = der.element(
    der.SEQUENCE,
    der.element(
        der.SEQUENCE, der.object_identifier("1.3.6.1.5.5.7.48.1"), der.element(URI, b"http://a.example")
    ),
)
VERSION_2 = b"\xa0\x03\x02\x01\x01"
MANY_NAMES = [(DNS, b"h%d.example.com" % n) for n in range(1000)]

ROWS: tuple[tuple[str, str, Callable[[], Chain]], ...] = (
    ("a key for RSA-PSS only", ACCEPTED, lambda: leaf(der.with_part(der.PUBLIC_KEY, pss_key()))),
    ("signed with SHA-1", DIFFER, lambda: leaf(same, algorithm=der.ECDSA_SHA1)),
    ("an intermediate signed with SHA-1", DIFFER, lambda: issuing(same, algorithm=der.ECDSA_SHA1)),
    ("version 1", DIFFER, lambda: leaf(der.without_version_and_extensions)),
    ("an intermediate of version 1", REFUSED, lambda: issuing(der.without_version_and_extensions)),
    ("an intermediate of version 2", DIFFER, lambda: issuing(der.with_part(der.VERSION, VERSION_2))),
    ("serial number 0", ACCEPTED, lambda: leaf(serial(b"\0"))),
    ("a negative serial number", DIFFER, lambda: leaf(serial(b"\xff"))),
    ("a serial number of 20 octets", ACCEPTED, lambda: leaf(serial(b"\x7f" * 20))),
    ("a serial number of 21 octets", ACCEPTED, lambda: leaf(serial(b"\x7f" * 21))),
    ("a serial number with a leading zero", REFUSED, lambda: leaf(serial(b"\0\0\1"))),
    ("no authority key identifier", ACCEPTED, lambda: leaf(der.with_extensions(without=(AUTHORITY_KEY,)))),
    (
        "the identifier of another issuer's key",
        DIFFER,
        lambda: leaf(replaced(AUTHORITY_KEY, der.element(der.SEQUENCE, der.element(0x80, b"x" * 20)))),
    ),
    (
        "a critical authority key identifier",
        REFUSED,
        lambda: leaf(replaced(AUTHORITY_KEY, b"\x30\0", is_critical=True)),
    ),
    (
        "a critical subject key identifier",
        REFUSED,
        lambda: leaf(replaced(SUBJECT_KEY, der.element(der.OCTET_STRING, b"x"), is_critical=True)),
    ),
    ("critical issuer URLs", REFUSED, lambda: leaf(added(ISSUER_URLS, URLS, is_critical=True))),
    ("issuer URLs", ACCEPTED, lambda: leaf(added(ISSUER_URLS, URLS))),
    ("an empty extended key usage", REFUSED, lambda: leaf(purposes())),
    ("critical: any purpose", DIFFER, lambda: leaf(purposes(ANY, is_critical=True))),
    ("servers and any purpose", ACCEPTED, lambda: leaf(purposes(SERVERS, ANY))),
    ("step-up only", DIFFER, lambda: leaf(purposes(STEP_UP))),
    (
        "two extended key usages",
        REFUSED,
        lambda: leaf(added(PURPOSE, der.element(der.SEQUENCE, der.object_identifier(SERVERS)))),
    ),
    (
        "a key usage without a bit",
        REFUSED,
        lambda: leaf(replaced(USAGE, b"\x03\x02\x07\0", is_critical=True)),
    ),
    ("key usage: agreement", ACCEPTED, lambda: leaf(replaced(USAGE, b"\x03\x02\x03\x08", is_critical=True))),
    ("an old type: client", DIFFER, lambda: leaf(added(NETSCAPE, b"\x03\x02\x07\x80"))),
    (
        "an intermediate with a negative path length",
        REFUSED,
        lambda: issuing(replaced(BASIC, b"\x30\x06\x01\x01\xff\x02\x01\xff", is_critical=True)),
    ),
    (
        "an intermediate whose basic constraints are not critical",
        ACCEPTED,
        lambda: issuing(replaced(BASIC, b"\x30\x03\x01\x01\xff")),
    ),
    (
        "a policy twice",
        ACCEPTED,
        lambda: leaf(added(POLICIES, der.element(der.SEQUENCE, content_twice(SINGLE)))),
    ),
    (
        "critical: a policy is required, and there is none",
        DIFFER,
        lambda: issuing(added(POLICY_CONSTRAINTS, b"\x30\x03\x80\x01\0", is_critical=True)),
    ),
    (
        "critical: policies are not mapped",
        ACCEPTED,
        lambda: issuing(added(POLICY_CONSTRAINTS, b"\x30\x03\x81\x01\0", is_critical=True)),
    ),
    (
        "empty policy constraints",
        DIFFER,
        lambda: issuing(added(POLICY_CONSTRAINTS, b"\x30\0", is_critical=True)),
    ),
    ("a root of version 1", ACCEPTED, lambda: root(der.without_version_and_extensions)),
    (
        "a root with an unknown critical extension",
        DIFFER,
        lambda: root(added("1.2.3.4", b"\x05\0", is_critical=True)),
    ),
    ("constraints: domain", ACCEPTED, lambda: constrained((DNS, b"example.com"))),
    ("constraints: domain in capitals", ACCEPTED, lambda: constrained((DNS, b"EXAMPLE.com"))),
    ("constraints: leading dot", DIFFER, lambda: constrained((DNS, b".example.com"))),
    ("constraints: wildcard", REFUSED, lambda: constrained((DNS, b"*.example.com"))),
    ("constraints: part of a label", REFUSED, lambda: constrained((DNS, b"ample.com"))),
    ("constraints: another domain", REFUSED, lambda: constrained((DNS, b"example.org"), is_critical=False)),
    ("constraints: all names excluded", REFUSED, lambda: constrained((DNS, b""), is_permitted=False)),
    ("constraints: addresses only", ACCEPTED, lambda: constrained((IP, b"\x0a\0\0\0\xff\0\0\0"))),
    (
        "constraints: all addresses excluded",
        ACCEPTED,
        lambda: constrained((IP, b"\0" * 8), is_permitted=False),
    ),
    ("constraints: URIs only", ACCEPTED, lambda: constrained((URI, b".example.com"))),
    ("constraints: another organization", REFUSED, lambda: constrained((DIRECTORY, organization(b"Other")))),
    ("a name with a trailing dot", ACCEPTED, lambda: leaf(names((DNS, HOST.encode() + b".")))),
    ("a wildcard", ACCEPTED, lambda: leaf(names((DNS, b"*.xks.example.com")))),
    ("an internationalized name", ACCEPTED, lambda: leaf(names((DNS, b"xn--bcher-kva.example.com")))),
    ("1,000 names", ACCEPTED, lambda: leaf(names(*MANY_NAMES, (DNS, HOST.encode())))),
    ("an address of five octets", DIFFER, lambda: leaf(names((DNS, HOST.encode()), (IP, b"12345")))),
    (
        "GeneralizedTime before 2050",
        DIFFER,
        lambda: leaf(validity(der.GENERALIZED_TIME, b"20260101000000Z", b"20280101000000Z")),
    ),
    (
        "dates without seconds",
        REFUSED,
        lambda: leaf(validity(der.UTC_TIME, b"2601010000Z", b"2801010000Z")),
    ),
    (
        "an end before the start",
        REFUSED,
        lambda: leaf(validity(der.UTC_TIME, b"280101000000Z", b"260101000000Z")),
    ),
    ("bytes after a certificate", REFUSED, lambda: chain((LEAF, ISSUING + b"\0", UPPER))),
    ("the leaf twice", ACCEPTED, lambda: chain((LEAF, LEAF, ISSUING, UPPER))),
    ("everything twice, and the root", ACCEPTED, lambda: chain((LEAF, ISSUING, UPPER, ROOT) * 2)),
)


def content_twice(sequence: bytes) -> bytes:
    return der.content_of(sequence) * 2


def decided(of: Chain) -> str:
    decision = decide(of.sent, anchors_of([of.root]), NOW_S)
    return ACCEPTED if decision.is_accepted else REFUSED if decision.is_refused else DIFFER


@pytest.mark.parametrize(("outcome", "chain_of"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_odd_certificate_is_accepted_refused_or_undecided(
    outcome: str, chain_of: Callable[[], Chain]
) -> None:
    assert decided(chain_of()) == outcome


@pytest.mark.loopback
@pytest.mark.skipif(OPENSSL is None, reason="needs the program openssl")
def test_no_odd_certificate_is_accepted_that_openssl_verify_refuses(tmp_path: Path) -> None:
    accepted = [(name, chain_of()) for name, outcome, chain_of in ROWS if outcome == ACCEPTED]
    assert [name for name, of in accepted if not openssl_accepts(of, tmp_path)] == []


@pytest.mark.parametrize("certificates", [leaf, issuing])
def test_the_cause_of_a_refused_version_is_known(certificates: Callable[[der.Edit], Chain]) -> None:
    made = certificates(der.without_version_and_extensions)
    refusal = decide(made.sent, anchors_of([made.root]), NOW_S).cryptography
    assert refusal is not None
    assert refusal.cause is Cause.VERSION

"""Servers' certificates, and the outcome of each requirement by AWS's documentation, independent of the code."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID, ObjectIdentifier
from support.tls.certificates import (
    DAY_S,
    HOST,
    HOUR_S,
    MINUTE_S,
    Chain,
    Pki,
    bmp,
    common_names,
    edited,
    issue,
    rsa_key,
    teletex,
    with_broken_signature,
)

ANSWERED = "tls-handshake-is-answered"
VERSION, SUITE = "tls-version-is-supported", "cipher-suite-is-supported"
CN, SAN = "common-name-matches", "subject-alternative-name-matches"
DATE, TEN_DAYS = "certificate-is-in-date", "certificate-expires-in-10-days-or-more"
CHAIN, AUTHORITY = "chain-is-complete", "authority-is-trusted-by-kms"
PATH = "certificate-path-validates"
CLIENT = "client-certificate-is-not-required"
OF_CERTIFICATES = (CN, SAN, DATE, TEN_DAYS, CHAIN, AUTHORITY, PATH)
ALL = (ANSWERED, VERSION, SUITE, *OF_CERTIFICATES, CLIENT)
ADVICE = (SAN, TEN_DAYS)

MAX_SHOWN = 10  # certificates of a chain in the JSON output

TLS_CODE = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
TIMED_OUT = "XKS_PROXY_TIMED_OUT"
WWW = ("-www",)
LONG_HOST = f"{'a' * 40}.{'b' * 11}.example.com"  # 64 characters, the maximum for a common name
A_LABEL = "xn--mller-kva.example.com"
ANYTHING = "DEFAULT:@SECLEVEL=0"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A server and the expected outcomes; requirements that are neither violated nor unknown are met.

    ``says`` is the title. ``sent`` is the number of reported certificates, None for all of ``chain``. ``code`` is
    the error of ConnectCustomKeyStore that a violated requirement predicts. ``of_others``: all alternative names are
    those of other hosts, which is more than advice.
    """

    says: str
    chain: Callable[[Pki], Chain] = Pki.chain
    arguments: tuple[str, ...] = WWW
    host: str = HOST
    violated: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    status: int = 0
    failure: str | None = None
    sent: int | None = None
    code: str = TLS_CODE
    of_others: bool = False

    @property
    def with_error(self) -> set[str]:
        """The violated requirements that predict an error."""
        return {name for name in self.violated if name not in ADVICE or (name == SAN and self.of_others)}


def named(
    says: str, subject: x509.Name | str, *violated: str, san: tuple[str | x509.GeneralName, ...] = (HOST,)
) -> Row:
    of_others = SAN in violated and any(isinstance(each, str) for each in san)
    return Row(
        says=says,
        chain=lambda pki: pki.chain(subject, san=san),
        violated=violated,
        status=int(CN in violated or of_others),
        of_others=of_others,
    )


def dated(says: str, from_s: float, to_s: float, *violated: str) -> Row:
    return Row(
        says=says,
        chain=lambda pki: pki.chain(from_s=from_s, to_s=to_s),
        violated=(*violated, PATH) if DATE in violated else violated,
        status=int(DATE in violated),
    )


def chained(says: str, chain: Callable[[Pki], Chain], *violated: str, unknown: tuple[str, ...] = ()) -> Row:
    """A chain that violates a requirement is refused by both validators, except for its order."""
    if violated and says != "the wrong order":
        violated = tuple(dict.fromkeys((*violated, PATH)))
    status = 1 if violated else 3 if unknown else 0
    return Row(says=says, chain=chain, violated=violated, unknown=unknown, status=status)


def wildcard(name: str) -> Row:
    return named(f"the wildcard {name}", name, CN, SAN, san=(name,))


REFUSED_BY_ONE: Any = {"unknown": (PATH,), "status": 3}  # and accepted by the other validator
_ORGANISATION = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")])
NAMES = (
    named("the host", HOST),
    named("the host in capitals", HOST.upper(), san=(HOST.upper(),)),
    named("the wildcard one label above", "*.xks.example.com", san=("*.xks.example.com",)),
    wildcard("*.example.com"),
    wildcard("my*.xks.example.com"),
    wildcard("*.com"),
    wildcard("*"),
    wildcard("*.*.example.com"),
    wildcard("*.myproxy-private.xks.example.com"),
    wildcard("xks.example.com"),
    named("the host with a dot at its end", f"{HOST}.", CN),
    named("NUL after the host", f"{HOST}\0.evil.example", CN),
    named("a newline after the host", f"{HOST}\n", CN),
    named("a space before the host", f" {HOST}", CN),
    named("no common name", _ORGANISATION, CN),
    named("an empty common name", "", CN),
    named("an address", "127.0.0.1", CN),
    named("another common name, the host as alternative name", "other.example.com", CN),
    named("the host, another alternative name", HOST, SAN, san=("other.example.com",)),
    named("the host, no alternative name", HOST, SAN, san=()),
    named("the host, only an address", HOST, SAN, san=(x509.IPAddress(IPv4Address("127.0.0.1")),)),
    named("many alternative names", HOST, san=(*(f"h{n}.example.com" for n in range(300)), HOST)),
    named("the host as BMPString", bmp(HOST)),
    named("the host as TeletexString", teletex(HOST)),
    named("two common names that cover the host", common_names(HOST, "*.xks.example.com")),
    named("two other common names", common_names("a.example.com", "b.example.com"), CN),
    named("fullwidth letters", HOST.replace("m", "\uff4d"), CN),
    Row(
        says="the host is the first of two common names",
        chain=lambda pki: pki.chain(common_names(HOST, "other.example.com")),
        unknown=(CN,),
        status=3,
    ),
    Row(
        says="the host is the last of two common names",
        chain=lambda pki: pki.chain(common_names("other.example.com", HOST)),
        unknown=(CN,),
        status=3,
    ),
    Row(
        says="a common name of 64 characters",
        chain=lambda pki: pki.chain(LONG_HOST, san=(LONG_HOST,)),
        host=LONG_HOST,
    ),
    Row(says="an A-label", chain=lambda pki: pki.chain(A_LABEL, san=(A_LABEL,)), host=A_LABEL),
    Row(
        says="a U-label",
        chain=lambda pki: pki.chain("m\u00fcller.example.com", san=(A_LABEL,)),
        host=A_LABEL,
        violated=(CN,),
        status=1,
    ),
    Row(
        says="the host as alternative name, and another that is not ASCII",
        chain=lambda pki: pki.edited(b"m!ller", b"m\xfcller", san=("m!ller.example.com", HOST)),
        **REFUSED_BY_ONE,
    ),
    Row(
        says="the host as alternative name, and an address of five bytes",
        chain=lambda pki: pki.edited(b"\x82\x05a.com", b"\x87\x05\1\2\3\4\5", san=("a.com", HOST)),
        **REFUSED_BY_ONE,
    ),
    Row(
        says="the host as alternative name, and an EDI party name",
        chain=lambda pki: pki.edited(b"\x82\x05a.com", b"\xa5\x05\xa1\x03\x0c\x01a", san=("a.com", HOST)),
        **REFUSED_BY_ONE,
    ),
)

# OpenSSL would not serve these certificates, or not unchanged.
FILES = (
    Row(
        says="the host, and a common name in Latin 1 that is tagged as UTF-8",
        chain=lambda pki: pki.edited(b"\x0c\x05m!ler", b"\x0c\x05m\xfcler", common_names("m!ler", HOST)),
        unknown=(CN, CHAIN, AUTHORITY, PATH),
        status=3,
    ),
)

DATES = (
    dated("valid from an hour from now", HOUR_S, 90 * DAY_S, DATE),
    dated("valid from ten minutes from now", 10 * MINUTE_S, 90 * DAY_S, DATE),
    dated("expired a second ago", -30 * DAY_S, -1, DATE, TEN_DAYS),
    dated("expired a year ago", -400 * DAY_S, -365 * DAY_S, DATE, TEN_DAYS),
    dated("valid for another ten days and ten minutes", -DAY_S, 10 * DAY_S + 10 * MINUTE_S),
    dated("valid for another ten days minus a minute", -DAY_S, 10 * DAY_S - MINUTE_S, TEN_DAYS),
    dated("valid for another nine days", -DAY_S, 9 * DAY_S, TEN_DAYS),
    dated("valid for another hour", -DAY_S, HOUR_S, TEN_DAYS),
    dated("valid until the end of the year 9999", -DAY_S, float("inf")),
    dated("valid since 1961", -65 * 366 * DAY_S, 90 * DAY_S),
)


def _under(pki: Pki, **fields: Any) -> Chain:
    """A leaf under a separate intermediate with ``fields``."""
    middle = issue("Changed Intermediate", pki.root, **{"ca": True, **fields})
    return pki.chain(by=middle)


def _upside_down(pki: Pki) -> Chain:
    lower, upper = reversed(pki.line(2))
    return pki.leaf(by=lower), upper, lower


def _without_upper(pki: Pki) -> Chain:
    return pki.leaf_of_line(pki.line(2))[:2]


def _signed_by_a_namesake(pki: Pki) -> Chain:
    namesake = issue("Test Intermediate", pki.root, ca=True)
    return pki.leaf(by=namesake), pki.middle


def _after_a_namesake(pki: Pki) -> Chain:
    return pki.leaf(), issue("Test Intermediate", pki.root, ca=True), pki.middle


def _cross_signed(pki: Pki) -> Chain:
    other = issue("Other Root", ca=True)
    crossed = issue("Other Root", pki.root, key=other.key, ca=True)
    return pki.leaf(by=other), crossed


def _signed_over_sha_1(pki: Pki) -> Chain:
    """Only marked as SHA-1, because the cryptography library refuses to make or verify such a signature."""
    middle = issue("Old Intermediate", pki.root, ca=True, key=rsa_key(2048))
    leaf = pki.leaf(by=middle)
    sha256, sha1 = (bytes.fromhex("2a864886f70d0101") + bytes([last]) for last in (0x0B, 0x05))
    return replace(leaf, der=leaf.der.replace(sha256, sha1)), middle


def _rolled_over(pki: Pki) -> Chain:
    """A CA that changed its key: the certificate for the new key is self-issued (same subject and issuer)."""
    old = issue("Rolling", pki.root, ca=True, path_length=0)
    new = issue("Rolling", old, ca=True, path_length=0)
    return pki.leaf(by=new), new, old


def _unlisted(pki: Pki) -> Chain:
    middle = issue("Unlisted Intermediate", pki.unlisted, ca=True)
    return pki.chain(by=middle)


def _latin_1_authority(pki: Pki) -> Chain:
    """A CA with a name in Latin 1, which the cryptography library cannot decode, so it verifies no signature of it."""
    middle = issue(teletex("Autorit!"), pki.root, ca=True)
    latin_1 = (b"Autorit!", b"Autorit\xe9")
    return edited(pki.leaf(by=middle), middle, *latin_1), edited(middle, pki.root, *latin_1)


_SIGNS_NO_CERTIFICATES = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=False,
    crl_sign=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)
CHAINS = (
    chained("the root is included", lambda pki: (*pki.chain(), pki.root)),
    chained("only a leaf that the root issued", lambda pki: (pki.leaf(by=pki.root),)),
    chained("no intermediate", lambda pki: (pki.leaf(),), CHAIN, unknown=(AUTHORITY,)),
    # The missing issuer is either an unlisted root, which servers may and usually do leave out, or an intermediate.
    # KMS rejects the chain in both cases.
    chained("the upper of two intermediates missing", _without_upper, AUTHORITY, unknown=(CHAIN,)),
    chained("the wrong order", _upside_down, CHAIN),
    chained("an additional unrelated certificate", lambda pki: (*pki.chain(), pki.unlisted)),
    chained("the intermediate twice", lambda pki: (pki.leaf(), pki.middle, pki.middle)),
    replace(chained("eleven intermediates", lambda pki: pki.leaf_of_line(pki.line(11))), sent=MAX_SHOWN),
    replace(chained("fifteen intermediates", lambda pki: pki.leaf_of_line(pki.line(15))), sent=MAX_SHOWN),
    chained("an expired intermediate", lambda pki: _under(pki, to_s=-MINUTE_S), CHAIN),
    chained("an intermediate that is not valid yet", lambda pki: _under(pki, from_s=HOUR_S), CHAIN),
    chained("an intermediate that is not a CA", lambda pki: _under(pki, ca=False), PATH),
    chained("an intermediate without basicConstraints", lambda pki: _under(pki, ca=None), PATH),
    chained(
        "an intermediate that may not sign certificates",
        lambda pki: _under(pki, also=(_SIGNS_NO_CERTIFICATES,)),
        PATH,
    ),
    chained(
        "more intermediates than a path length allows",
        lambda pki: pki.leaf_of_line(pki.line(3, path_length=1)),
        PATH,
    ),
    chained(
        "as many intermediates as a path length allows",
        lambda pki: pki.leaf_of_line(pki.line(3, path_length=2)),
    ),
    # Without key identifiers, neither validator finds the way through two CAs of one name.
    Row(says="a CA that changed its key", chain=_rolled_over, violated=(PATH,), status=1),
    chained(
        "a broken signature",
        lambda pki: (with_broken_signature(pki.leaf()), pki.middle),
        CHAIN,
        unknown=(AUTHORITY,),
    ),
    chained(
        "an issuer with the right name and another key", _signed_by_a_namesake, CHAIN, unknown=(AUTHORITY,)
    ),
    chained("the issuer after another certificate with the same name", _after_a_namesake, unknown=(PATH,)),
    chained("a cross-signed root", _cross_signed),
    Row(
        says="a signature with SHA-1",
        chain=_signed_over_sha_1,
        arguments=(*WWW, "-cipher", ANYTHING),
        violated=(PATH,),
        unknown=(CHAIN, AUTHORITY),
        status=1,
    ),
    chained("an intermediate with a name in Latin 1", _latin_1_authority, unknown=(CHAIN, AUTHORITY)),
    chained("a self-signed leaf", lambda _: (issue(HOST, san=(HOST,)),), AUTHORITY),
    chained("a root that is not listed", lambda pki: (*_unlisted(pki), pki.unlisted), AUTHORITY),
    chained("a root that is neither listed nor sent", _unlisted, AUTHORITY, unknown=(CHAIN,)),
    chained(
        "64 KiB of certificates",
        lambda pki: (pki.leaf(), *[issue("x", also=(padding(8000),)) for _ in range(8)], pki.middle),
    ),
)


def padding(size: int) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.55555.1"), bytes(size))


def _rsa(bits: int) -> Callable[[Pki], Chain]:
    return lambda pki: pki.chain(key=rsa_key(bits))


KEYS = (
    Row(says="RSA of 2048 bits", chain=_rsa(2048)),
    Row(says="RSA of 4096 bits", chain=_rsa(4096)),
    Row(says="RSA of 1024 bits", chain=_rsa(1024), arguments=(*WWW, "-cipher", ANYTHING), **REFUSED_BY_ONE),
    Row(says="RSA at TLS 1.2", chain=_rsa(2048), arguments=(*WWW, "-tls1_2")),
    Row(says="P-384", chain=lambda pki: pki.chain(key=ec.generate_private_key(ec.SECP384R1()))),
    Row(
        says="Ed25519",
        chain=lambda pki: pki.chain(key=ed25519.Ed25519PrivateKey.generate()),
        **REFUSED_BY_ONE,
    ),
    Row(
        says="a signature by RSA-PSS",
        chain=lambda pki: (
            pki.leaf(by=(middle := issue("PSS", pki.root, ca=True, key=rsa_key(2048))), pss=True),
            middle,
        ),
    ),
)

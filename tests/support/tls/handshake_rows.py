"""How servers shake hands, and what has to be said of it: versions, suites, groups, client certificates."""

from collections.abc import Callable

from support.tls.certificates import Chain, Pki, issue, rsa_key
from support.tls.rows import (
    ALL,
    ANYTHING,
    AUTHORITY,
    CHAIN,
    CLIENT,
    CN,
    MAX_SHOWN,
    OF_CERTIFICATES,
    SAN,
    SUITE,
    VERSION,
    WWW,
    Row,
    padding,
)

OTHER_NAME = ("-servername", "other.example.com", "-cert2", "leaf.pem", "-key2", "key.pem")
REFUSED = "handshake protocol_error"
_RSA: Callable[[Pki], Chain] = lambda pki: pki.chain(key=rsa_key(2048))  # noqa: E731 (a value of the rows)


def _only(says: str, *arguments: str, chain: Callable[[Pki], Chain] = _RSA) -> Row:
    """KMS's handshake goes through."""
    return Row(says=says, chain=chain, arguments=(*WWW, *arguments))


def _unsuited(says: str, *arguments: str, old: bool = False, chain: Callable[[Pki], Chain] = _RSA) -> Row:
    """Only the second handshake goes through."""
    return Row(
        says=says,
        chain=chain,
        arguments=(*WWW, *arguments),
        violated=(VERSION, SUITE) if old else (SUITE,),
        status=1,
        failure=REFUSED,
    )


def _nothing(says: str, *arguments: str, chain: Callable[[Pki], Chain] = _RSA) -> Row:
    """No handshake goes through, and no certificate comes."""
    return Row(
        says=says,
        chain=chain,
        arguments=(*WWW, *arguments),
        violated=(VERSION,),
        unknown=tuple(each for each in ALL if each is not VERSION),
        status=1,
        failure=REFUSED,
        sent=0,
    )


VERSIONS = (
    _only("TLS 1.3 alone", "-tls1_3"),
    _only("TLS 1.2 alone", "-tls1_2"),
    _only("TLS 1.2 alone and an EC key", "-tls1_2", chain=Pki.chain),
    _unsuited("TLS 1.1 alone", "-tls1_1", "-cipher", ANYTHING, old=True),
    _unsuited("TLS 1.0 alone", "-tls1", "-cipher", ANYTHING, old=True),
    _unsuited("TLS 1.0 alone and an EC key", "-tls1", "-cipher", ANYTHING, old=True, chain=Pki.chain),
)
SUITES = (
    _only("ChaCha20 alone", "-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"),
    _only("AES-256 alone at TLS 1.3", "-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"),
    _only(
        "AES-128 preferred at TLS 1.3",
        *("-serverpref", "-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"),
    ),
    _only(
        "AES-128 preferred at TLS 1.2",
        *("-serverpref", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"),
    ),
    _unsuited("AES-128 alone at TLS 1.3", "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
    # OpenSSL chooses the version first, and does not come back to it for want of a suite.
    _unsuited("AES-256 only at TLS 1.2, which it prefers less", "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
    _unsuited("CCM alone at TLS 1.3", "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"),
    _unsuited("AES-128 alone at TLS 1.2", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"),
    _unsuited("CBC alone", "-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384"),
    _unsuited("ChaCha20 alone at TLS 1.2", "-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"),
    _unsuited("DHE alone", "-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"),
    _unsuited("static RSA alone", "-tls1_2", "-cipher", "AES256-GCM-SHA384"),
    _unsuited(
        "AES-128 alone at TLS 1.2 and an EC key",
        *("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        chain=Pki.chain,
    ),
    _nothing("a suite of ECDSA and an RSA key", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    _nothing("a suite without certificates", "-tls1_2", "-cipher", "AECDH-AES256-SHA:@SECLEVEL=0"),
)
GROUPS = (
    _only("P-521 alone", "-groups", "P-521"),
    _only("P-384 alone", "-groups", "P-384"),
    _only("X25519 alone", "-groups", "X25519"),
    _only("P-521 alone at TLS 1.2", "-groups", "P-521", "-tls1_2"),
    _unsuited("X448 alone", "-groups", "X448"),
    _unsuited("X448 alone at TLS 1.2", "-groups", "X448", "-tls1_2"),
    _unsuited("a finite field alone", "-groups", "ffdhe2048", "-tls1_3"),
)
MANNERS = (
    _unsuited("only signatures over SHA-1", "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", ANYTHING),
    _only("five session tickets", "-num_tickets", "5"),
    _only("no session tickets", "-no_ticket", "-num_tickets", "0"),
    _only("no renegotiation", "-no_renegotiation", "-tls1_2"),
    _only("cookies", "-stateless", "-tls1_3"),
    _only("records of 512 bytes", "-max_send_frag", "512"),
    _only("padded records", "-record_padding", "4096", "-tls1_3"),
    _only("HTTP/2 alone", "-alpn", "h2"),
    _only("a warning that it has another name", *OTHER_NAME, "-tls1_2"),
    _nothing("an alert because it has another name", *OTHER_NAME, "-servername_fatal"),
)


def _asking(
    says: str, *arguments: str, violated: tuple[str, ...] = (), failure: str | None = None, sent: int = 2
) -> Row:
    status = 1 if violated else 0
    return Row(says=says, arguments=arguments, violated=violated, status=status, failure=failure, sent=sent)


_SILENT_AFTER_IT = ("-quiet",)
CLIENT_CERTIFICATES = (
    _asking("one is requested at TLS 1.3", "-www", "-tls1_3", "-verify", "1"),
    _asking("one is requested at TLS 1.2", "-www", "-tls1_2", "-verify", "1"),
    _asking("one is required at TLS 1.3", "-www", "-tls1_3", "-Verify", "1", violated=(CLIENT,)),
    _asking(
        "one is required at TLS 1.2",
        *("-www", "-tls1_2", "-Verify", "1"),
        violated=(CLIENT,),
        failure=REFUSED,
    ),
    _asking(
        "one of certain authorities is required at TLS 1.3",
        *("-www", "-tls1_3", "-Verify", "1", "-CAfile", "leaf.pem"),
        violated=(CLIENT,),
    ),
    _asking(
        "one of certain authorities is required at TLS 1.2",
        *("-www", "-tls1_2", "-Verify", "1", "-CAfile", "leaf.pem"),
        violated=(CLIENT,),
        failure=REFUSED,
    ),
    _asking(
        "one is required, and AES-128 is all there is",
        *("-www", "-tls1_2", "-Verify", "1", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        violated=(SUITE, CLIENT),
        failure=REFUSED,
    ),
    _asking(
        "one is required, and TLS 1.1 is all there is",
        *("-www", "-tls1_1", "-Verify", "1", "-cipher", ANYTHING),
        violated=(VERSION, SUITE, CLIENT),
        failure=REFUSED,
    ),
    Row(
        says="one is requested at TLS 1.3, then silence",
        arguments=("-tls1_3", "-verify", "1"),
        unknown=(CLIENT,),
        status=3,
    ),
    Row(
        says="one is requested at TLS 1.2, then silence",
        arguments=("-tls1_2", "-verify", "1"),
        unknown=(CLIENT,),
        status=3,
    ),
    Row(says="silence after a handshake that asked for none", arguments=()),
)
FAULTS_TOGETHER = (
    Row(
        says="everything at once",
        chain=lambda _: (issue("other.example.com", key=rsa_key(2048), from_s=-9e6, to_s=-1),),
        arguments=("-www", "-tls1_1", "-Verify", "1", "-cipher", ANYTHING),
        violated=tuple(each for each in ALL if each != CHAIN),
        status=1,
        failure=REFUSED,
    ),
    Row(
        says="a wrong name seen only by the second handshake",
        chain=lambda pki: pki.chain("other.example.com", san=("other.example.com",), key=rsa_key(2048)),
        arguments=(*WWW, "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
        violated=(SUITE, CN, SAN),
        status=1,
        failure=REFUSED,
    ),
)
LIMITS = (
    Row(
        says="more than sixteen certificates",
        chain=lambda pki: pki.leaf_of_line(pki.line(17)),
        unknown=(SUITE, CHAIN, AUTHORITY),
        status=1,
        failure="handshake over_limit",
        sent=MAX_SHOWN,
    ),
    Row(
        says="an intermediate of 20 KiB",
        chain=lambda pki: pki.chain(by=issue("Large", pki.root, ca=True, also=(padding(20_000),))),
        unknown=(SUITE, CHAIN, AUTHORITY),
        status=1,
        failure="handshake over_limit",
        sent=1,
    ),
    Row(
        says="a leaf of 64 KiB",
        chain=lambda pki: pki.chain(also=(padding(65_536),)),
        unknown=(SUITE, *OF_CERTIFICATES),
        status=1,
        failure="handshake over_limit",
        sent=0,
    ),
    Row(
        says="a certificate message of 150 KiB",
        chain=lambda pki: (pki.leaf(), *[issue("x", also=(padding(15_000),)) for _ in range(10)]),
        unknown=(SUITE, *OF_CERTIFICATES, CLIENT),
        status=1,
        failure="handshake over_limit",
        sent=0,
    ),
)
HANDSHAKES = (*VERSIONS, *SUITES, *GROUPS, *MANNERS, *CLIENT_CERTIFICATES, *FAULTS_TOGETHER, *LIMITS)

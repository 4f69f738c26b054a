"""Servers with different TLS versions, cipher suites, groups and client certificates, and the expected verdicts."""

from collections.abc import Callable

from support.tls.certificates import Chain, Pki, issue, rsa_key
from support.tls.rows import (
    ALL,
    ANSWERED,
    ANYTHING,
    AUTHORITY,
    CHAIN,
    CLIENT,
    CN,
    MAX_SHOWN,
    OF_CERTIFICATES,
    PATH,
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


def _accepted(says: str, *arguments: str, chain: Callable[[Pki], Chain] = _RSA) -> Row:
    """The handshake with KMS's ClientHello succeeds."""
    return Row(says=says, chain=chain, arguments=(*WWW, *arguments))


def _only_diagnostic(
    says: str, *arguments: str, old: bool = False, chain: Callable[[Pki], Chain] = _RSA
) -> Row:
    """Only the diagnostic handshake, which offers more than KMS does, succeeds."""
    return Row(
        says=says,
        chain=chain,
        arguments=(*WWW, *arguments),
        violated=(VERSION, SUITE) if old else (SUITE,),
        status=1,
        failure=REFUSED,
    )


def _none_succeeds(says: str, *arguments: str, chain: Callable[[Pki], Chain] = _RSA) -> Row:
    """No handshake succeeds, and no certificate is received."""
    return Row(
        says=says,
        chain=chain,
        arguments=(*WWW, *arguments),
        violated=(ANSWERED,),
        unknown=tuple(each for each in ALL if each is not ANSWERED),
        status=1,
        failure=REFUSED,
        sent=0,
    )


VERSIONS = (
    _accepted("only TLS 1.3", "-tls1_3"),
    _accepted("only TLS 1.2", "-tls1_2"),
    _accepted("only TLS 1.2, with an EC key", "-tls1_2", chain=Pki.chain),
    _only_diagnostic("only TLS 1.1", "-tls1_1", "-cipher", ANYTHING, old=True),
    _only_diagnostic("only TLS 1.0", "-tls1", "-cipher", ANYTHING, old=True),
    _only_diagnostic("only TLS 1.0, with an EC key", "-tls1", "-cipher", ANYTHING, old=True, chain=Pki.chain),
)
SUITES = (
    _accepted("only ChaCha20", "-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"),
    _accepted("only AES-256 at TLS 1.3", "-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"),
    _accepted(
        "AES-128 preferred at TLS 1.3",
        *("-serverpref", "-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"),
    ),
    _accepted(
        "AES-128 preferred at TLS 1.2",
        *("-serverpref", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"),
    ),
    _only_diagnostic("only AES-128 at TLS 1.3", "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
    # OpenSSL chooses the version first, and does not try another one if there is no common suite.
    _only_diagnostic(
        "AES-256 only at TLS 1.2, AES-128 at the preferred TLS 1.3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"
    ),
    _only_diagnostic("only CCM at TLS 1.3", "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"),
    _only_diagnostic("only AES-128 at TLS 1.2", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"),
    _only_diagnostic("only CBC", "-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384"),
    _only_diagnostic("only ChaCha20 at TLS 1.2", "-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"),
    _only_diagnostic("only DHE", "-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"),
    _only_diagnostic("only static RSA", "-tls1_2", "-cipher", "AES256-GCM-SHA384"),
    _only_diagnostic(
        "only AES-128 at TLS 1.2, with an EC key",
        *("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        chain=Pki.chain,
    ),
    _none_succeeds(
        "only a suite for ECDSA, with an RSA key", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"
    ),
    _none_succeeds("only a suite without certificates", "-tls1_2", "-cipher", "AECDH-AES256-SHA:@SECLEVEL=0"),
)
GROUPS = (
    _accepted("only P-521", "-groups", "P-521"),
    _accepted("only P-384", "-groups", "P-384"),
    _accepted("only X25519", "-groups", "X25519"),
    _accepted("only P-521 at TLS 1.2", "-groups", "P-521", "-tls1_2"),
    _only_diagnostic("only X448", "-groups", "X448"),
    _only_diagnostic("only X448 at TLS 1.2", "-groups", "X448", "-tls1_2"),
    _only_diagnostic("only a finite field group", "-groups", "ffdhe2048", "-tls1_3"),
)
OTHER_FEATURES = (
    _only_diagnostic("only signatures with SHA-1", "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", ANYTHING),
    _accepted("five session tickets", "-num_tickets", "5"),
    _accepted("no session tickets", "-no_ticket", "-num_tickets", "0"),
    _accepted("no renegotiation", "-no_renegotiation", "-tls1_2"),
    _accepted("cookies", "-stateless", "-tls1_3"),
    _accepted("records of 512 bytes", "-max_send_frag", "512"),
    _accepted("padded records", "-record_padding", "4096", "-tls1_3"),
    _accepted("only HTTP/2", "-alpn", "h2"),
    _accepted("a warning alert, because the server has another name", *OTHER_NAME, "-tls1_2"),
    _none_succeeds("a fatal alert, because the server has another name", *OTHER_NAME, "-servername_fatal"),
)


def _requesting(
    says: str, *arguments: str, violated: tuple[str, ...] = (), failure: str | None = None, sent: int = 2
) -> Row:
    status = 1 if violated else 0
    return Row(says=says, arguments=arguments, violated=violated, status=status, failure=failure, sent=sent)


_SILENT_AFTER_IT = ("-quiet",)
CLIENT_CERTIFICATES = (
    _requesting("a client certificate is requested at TLS 1.3", "-www", "-tls1_3", "-verify", "1"),
    _requesting("a client certificate is requested at TLS 1.2", "-www", "-tls1_2", "-verify", "1"),
    _requesting(
        "a client certificate is required at TLS 1.3", "-www", "-tls1_3", "-Verify", "1", violated=(CLIENT,)
    ),
    _requesting(
        "a client certificate is required at TLS 1.2",
        *("-www", "-tls1_2", "-Verify", "1"),
        violated=(CLIENT,),
        failure=REFUSED,
    ),
    _requesting(
        "a client certificate of certain CAs is required at TLS 1.3",
        *("-www", "-tls1_3", "-Verify", "1", "-CAfile", "leaf.pem"),
        violated=(CLIENT,),
    ),
    _requesting(
        "a client certificate of certain CAs is required at TLS 1.2",
        *("-www", "-tls1_2", "-Verify", "1", "-CAfile", "leaf.pem"),
        violated=(CLIENT,),
        failure=REFUSED,
    ),
    _requesting(
        "a client certificate is required, with only AES-128",
        *("-www", "-tls1_2", "-Verify", "1", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        violated=(SUITE, CLIENT),
        failure=REFUSED,
    ),
    _requesting(
        "a client certificate is required, with only TLS 1.1",
        *("-www", "-tls1_1", "-Verify", "1", "-cipher", ANYTHING),
        violated=(VERSION, SUITE, CLIENT),
        failure=REFUSED,
    ),
    Row(
        says="a client certificate is requested at TLS 1.3, then silence",
        arguments=("-tls1_3", "-verify", "1"),
        unknown=(CLIENT,),
        status=3,
    ),
    Row(
        says="a client certificate is requested at TLS 1.2, then silence",
        arguments=("-tls1_2", "-verify", "1"),
        unknown=(CLIENT,),
        status=3,
    ),
    Row(says="silence after a handshake without a request for a client certificate", arguments=()),
)
FAULTS_TOGETHER = (
    Row(
        says="all faults at once",
        chain=lambda _: (issue("other.example.com", key=rsa_key(2048), from_s=-9e6, to_s=-1),),
        arguments=("-www", "-tls1_1", "-Verify", "1", "-cipher", ANYTHING),
        violated=tuple(each for each in ALL if each not in {ANSWERED, CHAIN}),
        status=1,
        failure=REFUSED,
    ),
    Row(
        says="a wrong name that only the diagnostic handshake sees",
        chain=lambda pki: pki.chain("other.example.com", san=("other.example.com",), key=rsa_key(2048)),
        arguments=(*WWW, "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
        violated=(SUITE, CN, SAN),
        of_others=True,
        status=1,
        failure=REFUSED,
    ),
)
LIMITS = (
    Row(
        says="more than sixteen certificates",
        chain=lambda pki: pki.leaf_of_line(pki.line(17)),
        unknown=(SUITE, CHAIN, AUTHORITY, PATH),
        status=1,
        failure="handshake over_limit",
        sent=MAX_SHOWN,
    ),
    Row(
        says="an intermediate of 20 KiB",
        chain=lambda pki: pki.chain(by=issue("Large", pki.root, ca=True, also=(padding(20_000),))),
        unknown=(SUITE, CHAIN, AUTHORITY, PATH),
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
HANDSHAKES = (*VERSIONS, *SUITES, *GROUPS, *OTHER_FEATURES, *CLIENT_CERTIFICATES, *FAULTS_TOGETHER, *LIMITS)

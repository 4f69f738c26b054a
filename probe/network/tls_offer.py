"""What a TLS client offers: what KMS does, or all that OpenSSL has, only to learn.

Nothing is verified by OpenSSL: certificates are judged elsewhere, each fact on its own.
"""

from typing import Any

from OpenSSL import SSL

from probe.model.measurements import ClientHelloProfile

# XKS proxy API specification, "API content type": the proxy must support one of these four.
_KMS_SUITES_1_3 = b"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
_KMS_SUITES_1_2 = b"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384"
_ALL_SUITES_1_3 = _KMS_SUITES_1_3 + b":TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
# Security level 0 is what SHA-1 signatures, and so TLS 1.0 and 1.1, need (SSL_CTX_set_security_level(3)).
# Anonymous suites would show no certificate, which is what the diagnosing handshake is for.
_ALL_SUITES_1_2 = b"ALL:!aNULL:!eNULL:@SECLEVEL=0"
# KMS's groups are not known. A post-quantum share makes a ClientHello of two segments, and what swallows
# those would swallow ours and perhaps not KMS's; so only classical groups.
_KMS_GROUPS = b"X25519:P-256:P-384:P-521"
# A key share goes out for the first alone, so it stays one segment; "?" passes over what a build lacks.
_ALL_GROUPS = _KMS_GROUPS + (
    b":?X448:?secp256k1:?secp224r1:?prime192v1"
    b":?brainpoolP256r1:?brainpoolP384r1:?brainpoolP512r1"
    b":?brainpoolP256r1tls13:?brainpoolP384r1tls13:?brainpoolP512r1tls13"
    b":?ffdhe2048:?ffdhe3072:?ffdhe4096:?ffdhe6144:?ffdhe8192"
    b":?X25519MLKEM768:?SecP256r1MLKEM768:?SecP384r1MLKEM1024:?MLKEM512:?MLKEM768:?MLKEM1024"
)

_SSL_OP_LEGACY_SERVER_CONNECT = 0x4  # servers without RFC 5746; openssl/ssl.h


def context(offer: ClientHelloProfile) -> SSL.Context:
    """A fresh context: its callbacks belong to one handshake."""
    made = SSL.Context(SSL.TLS_METHOD)
    made.set_verify(SSL.VERIFY_NONE)
    match offer:
        case ClientHelloProfile.KMS:
            _set_groups(made, _KMS_GROUPS)
            made.set_min_proto_version(SSL.TLS1_2_VERSION)
            made.set_cipher_list(_KMS_SUITES_1_2)
            made.set_tls13_ciphersuites(_KMS_SUITES_1_3)
        case ClientHelloProfile.DIAGNOSING:
            _set_groups(made, _ALL_GROUPS)
            made.set_min_proto_version(SSL.TLS1_VERSION)
            made.set_cipher_list(_ALL_SUITES_1_2)
            made.set_tls13_ciphersuites(_ALL_SUITES_1_3)
            made.set_options(_SSL_OP_LEGACY_SERVER_CONNECT)
    made.set_max_proto_version(SSL.TLS1_3_VERSION)
    return made


def _set_groups(made: SSL.Context, groups: bytes) -> None:
    # pyOpenSSL has no public function for it; this is the only place that reaches into it.
    library: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001 (see above)
    if library.SSL_CTX_set1_curves_list(made._context, groups) != 1:  # noqa: SLF001 (see above)
        raise RuntimeError("OpenSSL refuses the list of groups")

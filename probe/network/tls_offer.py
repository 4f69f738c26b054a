"""The ClientHellos: KMS's parameters, everything OpenSSL supports (diagnosis only), or a large key share.

OpenSSL verifies nothing here: certificates are evaluated elsewhere, one property at a time.
"""

from typing import Any

from OpenSSL import SSL

from probe.model.measurements import ClientHelloProfile

# XKS proxy API specification, "API content type": the proxy must support at least one of these four.
_KMS_SUITES_1_3 = b"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
_KMS_SUITES_1_2 = b"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384"
_ALL_SUITES_1_3 = _KMS_SUITES_1_3 + b":TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
# SHA-1 signatures, and so TLS 1.0 and 1.1, need security level 0 (SSL_CTX_set_security_level(3)).
# Anonymous suites are excluded, because the diagnosing handshake must get certificates.
_ALL_SUITES_1_2 = b"ALL:!aNULL:!eNULL:@SECLEVEL=0"
# KMS's groups are not documented. A post-quantum key share makes a ClientHello of two segments, and a
# middlebox that drops such a ClientHello might drop this one but not KMS's. So only classical groups are
# used.
_KMS_GROUPS = b"X25519:P-256:P-384:P-521"
# Only the first group gets a key share, so the ClientHello fits one segment; "?" skips unsupported groups.
_ALL_GROUPS = _KMS_GROUPS + (
    b":?X448:?secp256k1:?secp224r1:?prime192v1"
    b":?brainpoolP256r1:?brainpoolP384r1:?brainpoolP512r1"
    b":?brainpoolP256r1tls13:?brainpoolP384r1tls13:?brainpoolP512r1tls13"
    b":?ffdhe2048:?ffdhe3072:?ffdhe4096:?ffdhe6144:?ffdhe8192"
    b":?X25519MLKEM768:?SecP256r1MLKEM768:?SecP384r1MLKEM1024:?MLKEM512:?MLKEM768:?MLKEM1024"
)

# The key share of the first group makes the ClientHello large: 1,216 bytes (draft-ietf-tls-ecdhe-mlkem), or
# 1,024 (RFC 7919) with an OpenSSL before 3.5, which has no post-quantum group.
_LARGE_GROUPS = (b"X25519MLKEM768:" + _KMS_GROUPS, b"ffdhe8192:" + _KMS_GROUPS)

_SSL_OP_LEGACY_SERVER_CONNECT = 0x4  # servers without RFC 5746; openssl/ssl.h


def context(offer: ClientHelloProfile) -> SSL.Context:
    """A new context that offers this. `tls_session` makes one for all connections."""
    made = SSL.Context(SSL.TLS_METHOD)
    made.set_verify(SSL.VERIFY_NONE)
    match offer:
        case ClientHelloProfile.KMS | ClientHelloProfile.LARGE:
            _set_groups(made, *(_LARGE_GROUPS if offer is ClientHelloProfile.LARGE else (_KMS_GROUPS,)))
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


def _set_groups(made: SSL.Context, *lists: bytes) -> None:
    """Set the first of ``lists`` that OpenSSL knows. Raises RuntimeError if it knows none."""
    # pyOpenSSL has no public function for this; no other code uses its internals.
    library: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001 (see above)
    for groups in lists:
        if library.SSL_CTX_set1_curves_list(made._context, groups) == 1:  # noqa: SLF001 (see above)
            return
    raise RuntimeError("OpenSSL rejects the list of groups")

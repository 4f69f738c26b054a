"""The ClientHellos: KMS's parameters and everything for diagnosis in one segment each, and a large one."""

import pytest

from probe.model.measurements import ClientHelloProfile
from probe.network import tls_offer, tls_session
from probe.network.tls_session import TlsSession

NAME = "xks.example.com"
SUPPORTED_GROUPS, SUPPORTED_VERSIONS = 10, 43  # RFC 8446, section 4.2
RENEGOTIATION_SIGNAL = "00ff"  # RFC 5746
# KMS's ClientHello fits the default segment size that every path supports (536, RFC 9293);
# the diagnosing one fits the usual MTU.
MAX_BYTES = {ClientHelloProfile.KMS: 536, ClientHelloProfile.DIAGNOSING: 1400}


def hello(offer: ClientHelloProfile) -> bytes:
    session = TlsSession(offer, NAME.encode())
    assert not session.handshake()
    return session.output()


def pairs(data: bytes) -> set[str]:
    return {data[i : i + 2].hex() for i in range(0, len(data), 2)}


def suites(sent: bytes) -> set[str]:
    """RFC 8446, section 4.1.2: after headers (9), version (2), random (32) and the session's identifier."""
    rest = sent[44 + sent[43] :]
    return pairs(rest[2 : 2 + int.from_bytes(rest[:2], "big")]) - {RENEGOTIATION_SIGNAL}


def extensions(sent: bytes) -> dict[int, bytes]:
    rest = sent[44 + sent[43] :]
    rest = rest[2 + int.from_bytes(rest[:2], "big") :]
    rest = rest[1 + rest[0] + 2 :]  # compression methods, and the length of all extensions
    found = {}
    while rest:
        length = int.from_bytes(rest[2:4], "big")
        found[int.from_bytes(rest[:2], "big")] = rest[4 : 4 + length]
        rest = rest[4 + length :]
    return found


def test_kmss_client_hello_has_four_cipher_suites() -> None:
    # AES-256-GCM and ChaCha20 of TLS 1.3, both ECDHE AES-256-GCM of TLS 1.2.
    assert suites(hello(ClientHelloProfile.KMS)) == {"1302", "1303", "c030", "c02c"}


def test_the_diagnosing_client_hello_has_kmss_and_other_common_suites() -> None:
    elsewhere = {"1301", "c02f", "c02b", "009c", "002f"}  # AES-128 suites of each kind
    assert suites(hello(ClientHelloProfile.DIAGNOSING)) >= {"1302", "1303", "c030", "c02c"} | elsewhere


@pytest.mark.parametrize(
    ("offer", "versions"),
    [
        (ClientHelloProfile.KMS, {"0304", "0303"}),
        (ClientHelloProfile.DIAGNOSING, {"0304", "0303", "0302", "0301"}),
    ],
    ids=["1.2 and 1.3", "1.0 up"],
)
def test_each_client_hello_has_its_tls_versions(offer: ClientHelloProfile, versions: set[str]) -> None:
    assert pairs(extensions(hello(offer))[SUPPORTED_VERSIONS][1:]) == versions


X25519_AND_THREE_CURVES = {"001d", "0017", "0018", "0019"}


def groups(offer: ClientHelloProfile) -> set[str]:
    return pairs(extensions(hello(offer))[SUPPORTED_GROUPS][2:])


def test_kmss_client_hello_has_only_classical_groups() -> None:
    assert groups(ClientHelloProfile.KMS) == X25519_AND_THREE_CURVES


def test_the_diagnosing_client_hello_has_other_common_groups() -> None:
    x448, brainpool, ffdhe2048, x25519_ml_kem = "001e", "001a", "0100", "11ec"
    assert groups(ClientHelloProfile.DIAGNOSING) >= X25519_AND_THREE_CURVES | {
        x448,
        brainpool,
        ffdhe2048,
        x25519_ml_kem,
    }


X25519_ML_KEM, FFDHE_8192 = "11ec", "0104"


def test_the_large_client_hello_adds_only_a_group_with_a_large_key_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert groups(ClientHelloProfile.LARGE) == X25519_AND_THREE_CURVES | {X25519_ML_KEM}
    assert len(hello(ClientHelloProfile.LARGE)) > MAX_BYTES[ClientHelloProfile.DIAGNOSING]
    # OpenSSL before 3.5 rejects the first list.
    monkeypatch.setattr(tls_offer, "_LARGE_GROUPS", (b"no-such-group", *tls_offer._LARGE_GROUPS[1:]))
    monkeypatch.setattr(tls_session, "_context", tls_offer.context)  # not the one made before
    assert groups(ClientHelloProfile.LARGE) == X25519_AND_THREE_CURVES | {FFDHE_8192}
    assert len(hello(ClientHelloProfile.LARGE)) > 2 * MAX_BYTES[ClientHelloProfile.KMS]


def test_no_client_hello_has_anonymous_or_null_suites() -> None:
    anonymous, without_encryption = {"0034", "003a", "00a6", "c018", "c019"}, {"0001", "0002", "003b", "c010"}
    for offer in ClientHelloProfile:
        assert not suites(hello(offer)) & (anonymous | without_encryption)


@pytest.mark.parametrize("offer", MAX_BYTES)
def test_each_measured_client_hello_fits_into_one_segment(offer: ClientHelloProfile) -> None:
    sent = hello(offer)
    assert len(sent) <= MAX_BYTES[offer]
    assert NAME.encode() in sent


def test_each_handshake_has_a_new_context() -> None:
    assert tls_offer.context(ClientHelloProfile.KMS) is not tls_offer.context(ClientHelloProfile.KMS)


def test_groups_that_openssl_rejects_raise_an_error() -> None:
    with pytest.raises(RuntimeError, match="rejects"):
        tls_offer._set_groups(tls_offer.context(ClientHelloProfile.KMS), b"X25519:no-such-group")

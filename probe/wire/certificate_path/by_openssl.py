"""The validator of OpenSSL (`X509_verify_cert`), for the purpose sslserver, without a name."""

import datetime as dt
from functools import lru_cache
from typing import Any

from cryptography import x509
from OpenSSL import crypto

from probe.wire.certificate_path.anchors import Anchors
from probe.wire.certificate_path.refusal import Cause, Refusal

# X509_V_ERR_… of openssl/x509_vfy.h.
_CAUSES = {
    **dict.fromkeys((2, 18, 19, 20, 21, 27, 29), Cause.NO_PATH),
    **dict.fromkeys((9, 10), Cause.OUT_OF_DATE),
    26: Cause.PURPOSE,
    **dict.fromkeys((32, 39), Cause.KEY_USAGE),
    **dict.fromkeys((37, 79), Cause.NOT_A_CA),
    **dict.fromkeys((22, 25), Cause.PATH_LENGTH),
    **dict.fromkeys((47, 48, 49, 51, 52, 53), Cause.NAME_CONSTRAINTS),
    34: Cause.CRITICAL_EXTENSION,
    **dict.fromkeys((42, 43), Cause.POLICY),
    **dict.fromkeys((4, 7, 68, 76, 77, 78), Cause.SIGNATURE),
    **dict.fromkeys((6, 24, 66, 67), Cause.KEY),
    **dict.fromkeys((13, 14, 41, 45), Cause.MALFORMED),
}


def refusal(sent: tuple[bytes, ...], anchors: Anchors, at_s: int) -> Refusal | None:
    """Why it accepts no path from ``sent[0]`` to an anchor at ``at_s`` (Unix time); None if it does."""
    try:
        leaf, *others = map(_read, sent)
        store = _store(anchors, at_s)
        if not limit_to_tls_servers(store, crypto._lib):  # type: ignore[attr-defined]  # noqa: SLF001
            return Refusal(cause=Cause.NOT_VALIDATED, detail="OpenSSL's purpose could not be set")
        crypto.X509StoreContext(store, leaf, others).verify_certificate()
    except crypto.X509StoreContextError as error:
        number, _depth, words = error.errors
        return Refusal(
            cause=_CAUSES.get(number, Cause.OTHER),
            detail=str(words),
            position=_position(error.certificate, sent),
        )
    except Exception as error:  # noqa: BLE001 -- any exception is a refusal
        return Refusal(cause=Cause.MALFORMED, detail=f"{type(error).__name__}: {error}")
    return None


def _read(der: bytes) -> crypto.X509:
    """By OpenSSL's own parser. Bytes after the certificate, which it ignores, are an error in a handshake."""
    certificate = crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    if crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) != der:
        raise ValueError("there are bytes after the certificate")
    return certificate


def _converted(certificate: x509.Certificate) -> crypto.X509:
    return crypto.X509.from_cryptography(certificate)


@lru_cache(maxsize=8)
def _converted_anchors(anchors: Anchors) -> tuple[crypto.X509, ...]:
    return tuple(map(_converted, anchors.certificates))


def _store(anchors: Anchors, at_s: int) -> crypto.X509Store:
    """A new store for each validation: only the first ``set_time`` of a store has an effect."""
    store = crypto.X509Store()
    for each in _converted_anchors(anchors):
        store.add_cert(each)
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    store.set_time(dt.datetime.fromtimestamp(at_s, dt.UTC).replace(tzinfo=None))
    return store


def limit_to_tls_servers(store: crypto.X509Store, library: Any) -> bool:
    """Set the purpose sslserver; returns whether it was possible.

    pyOpenSSL has no public function for it, and ``library`` may lack the private one.
    """
    set_purpose = getattr(library, "X509_STORE_set_purpose", None)
    purpose = getattr(library, "X509_PURPOSE_SSL_SERVER", None)
    if set_purpose is None or purpose is None:
        return False
    return bool(set_purpose(store._store, purpose) == 1)  # noqa: SLF001 (see above)


def _position(refused: crypto.X509, sent: tuple[bytes, ...]) -> int | None:
    der = crypto.dump_certificate(crypto.FILETYPE_ASN1, refused)
    return sent.index(der) if der in sent else None

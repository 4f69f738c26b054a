"""What a certificate may be used for: usages, name constraints, unknown critical extensions."""

from collections.abc import Iterable, Mapping

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from probe.model.measurements import CertificateUse

# RFC 5280, section 4.2.1.12, and what certificates for TLS servers have beside it; others by their OID.
_PURPOSES: Mapping[x509.ObjectIdentifier, str] = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
}
# RFC 5280, section 4.2.1.3; the last two have a meaning only with keyAgreement.
_USAGES = (
    ("digital_signature", "digitalSignature"),
    ("content_commitment", "nonRepudiation"),
    ("key_encipherment", "keyEncipherment"),
    ("data_encipherment", "dataEncipherment"),
    ("key_agreement", "keyAgreement"),
    ("key_cert_sign", "keyCertSign"),
    ("crl_sign", "cRLSign"),
)
_OF_AGREEMENT = (("encipher_only", "encipherOnly"), ("decipher_only", "decipherOnly"))


MAX_ENTRIES = 256  # of each kind; the format allows thousands


def use_of(certificate: x509.Certificate) -> CertificateUse:
    """By the certificate's extensions. Raises many kinds of errors for malformed ones."""
    use: dict[str, tuple[str, ...]] = {}
    unknown: list[str] = []
    for extension in certificate.extensions:
        match extension.value:
            case x509.ExtendedKeyUsage() as purposes:
                use["extended_key_usage"] = tuple(
                    _PURPOSES.get(each, each.dotted_string) for each in purposes
                )
            case x509.KeyUsage() as usage:
                use["key_usage"] = tuple(_usages(usage))
            case x509.NameConstraints() as constraints:
                use["permitted_names"] = tuple(_names(constraints.permitted_subtrees))
                use["excluded_names"] = tuple(_names(constraints.excluded_subtrees))
            case x509.UnrecognizedExtension() if extension.critical:
                unknown.append(extension.oid.dotted_string)
    use["critical_unknown"] = tuple(unknown)
    return CertificateUse(**{name: values[:MAX_ENTRIES] for name, values in use.items()})


def _usages(usage: x509.KeyUsage) -> Iterable[str]:
    named = (*_USAGES, *_OF_AGREEMENT) if usage.key_agreement else _USAGES
    return (name for attribute, name in named if getattr(usage, attribute))


def _names(subtrees: Iterable[x509.GeneralName] | None) -> Iterable[str]:
    """With the kind of each name: ``DNS:example.com``, ``DirName:O=Example``, ``IP:10.0.0.0/8``."""
    for name in subtrees or ():
        match name:
            case x509.DNSName():
                yield f"DNS:{name.value}"
            case x509.RFC822Name():
                yield f"email:{name.value}"
            case x509.UniformResourceIdentifier():
                yield f"URI:{name.value}"
            case x509.DirectoryName():
                yield f"DirName:{name.value.rfc4514_string()}"
            case x509.IPAddress():
                yield f"IP:{name.value}"
            case _:
                yield type(name).__name__

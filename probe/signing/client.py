"""How to send requests to the proxy of one key store: the credential, and the check of the server."""

from probe.model.account import KeyStore
from probe.model.facts import CredentialFacts
from probe.model.store import KeyStoreSpec
from probe.probes.health_request import Client
from probe.requirements.key_store_form import path_fault
from probe.signing.credential import Credential
from probe.signing.peer_check import accept_any_peer, unmet_requirement
from probe.signing.sigv4 import Signer


class ProxyAccess:
    """Access to the proxy of one key store; the credential is never shown or passed on.

    Without a ``credential``, only unsigned requests are sent. ``extra_authorities`` are DER root certificates
    that are accepted in addition to KMS's. ``sign_anyway``: sign for any server, for testing only.
    """

    __slots__ = ("_credential", "_peer_check")

    def __init__(
        self,
        credential: Credential | None,
        extra_authorities: tuple[bytes, ...] = (),
        *,
        sign_anyway: bool = False,
    ) -> None:
        if credential is not None:
            Signer.load()
        self._credential = credential
        self._peer_check = accept_any_peer if sign_anyway else unmet_requirement(extra_authorities)

    def __repr__(self) -> str:
        return "ProxyAccess(not shown)"

    def client(self, spec: KeyStoreSpec) -> Client | None:
        """The client for health requests; None if the URI path is unknown or invalid for KMS."""
        if spec.uri_path is None or path_fault(spec.uri_path) is not None:
            return None
        signer = Signer(self._credential, spec.region) if self._credential else None
        return Client(
            path=spec.uri_path,
            peer_check=self._peer_check,
            sign=signer.headers if signer else None,
            key_id=spec.key_id,
        )

    def facts(self, store: KeyStore | None) -> CredentialFacts | None:
        """The facts about the credential that are safe to report; ``store`` is the existing key store."""
        return self._credential.facts(store.access_key_id if store else None) if self._credential else None

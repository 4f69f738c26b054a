"""Access to the proxy of a key store, without showing the credential."""

import pickle
from typing import Any

import pytest
from support.evidence import HOST, issue, sent, target, tls

from probe.model.account import KeyStore
from probe.model.measurements import TlsDetails
from probe.model.store import KeyStoreSpec
from probe.signing.client import ProxyAccess
from probe.signing.credential import Credential
from probe.signing.sigv4 import Signer

SPEC = KeyStoreSpec(id="cks-1", region="eu-west-1", uri_path="/a/kms/xks/v1", key_id="k")
CREDENTIAL = Credential("A" * 20, "marker/" + "b" * 40)


def test_requests_are_signed_for_the_key_stores_region_and_path() -> None:
    client = ProxyAccess(CREDENTIAL).client(SPEC)
    assert client is not None
    assert (client.path, client.key_id) == ("/a/kms/xks/v1", "k")
    assert client.sign is not None
    authorization = dict(client.sign("proxy.example.com", client.path, b"{}"))["Authorization"]
    assert "/eu-west-1/kms-xks-proxy/aws4_request" in authorization


def test_without_a_credential_there_is_no_signer_and_no_facts() -> None:
    access = ProxyAccess(None)
    client = access.client(SPEC)
    assert client is not None
    assert client.sign is None
    assert access.facts(None) is None


@pytest.mark.parametrize("path", [None, "/kms/xks/v2", "kms/xks/v1", "/kms/xks/v1\r\nX: y"])
def test_there_is_no_client_for_a_uri_path_that_kms_rejects(path: str | None) -> None:
    assert ProxyAccess(CREDENTIAL).client(KeyStoreSpec(uri_path=path)) is None


def test_the_access_key_id_is_compared_with_the_existing_key_stores() -> None:
    def is_that_of(access_key_id: str | None) -> bool | None:
        facts = ProxyAccess(CREDENTIAL).facts(KeyStore(id="cks-1", access_key_id=access_key_id))
        assert facts is not None
        return facts.is_that_of_the_store

    assert (is_that_of("A" * 20), is_that_of("B" * 20), is_that_of(None)) == (True, False, None)


def test_without_a_store_it_is_unknown_whether_the_credential_matches() -> None:
    facts = ProxyAccess(CREDENTIAL).facts(None)
    assert facts is not None
    assert facts.is_that_of_the_store is None


def test_proxy_access_does_not_show_its_credential_and_cannot_be_pickled() -> None:
    access = ProxyAccess(CREDENTIAL)
    assert "marker" not in f"{access!r} {access} {access.client(SPEC)!r}"
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(access)


def refused(access: ProxyAccess, details: TlsDetails) -> str | None:
    """The unmet requirement because of which no request is signed; None if requests are signed."""
    client = access.client(SPEC)
    assert client is not None
    return client.peer_check(target(), details)


def test_only_a_server_that_kms_would_accept_gets_a_signed_request_unless_sign_anyway_is_set() -> None:
    now: Any = {"from_s": 0.0, "to_s": 4e9}
    root = issue("Root", ca=True, **now)
    details = tls(target(), sent(issue(HOST, by=root, **now))).details
    assert isinstance(details, TlsDetails)
    assert refused(ProxyAccess(CREDENTIAL), details) == "certificate-path-validates"
    assert refused(ProxyAccess(CREDENTIAL, (root.der,)), details) is None
    assert refused(ProxyAccess(CREDENTIAL, sign_anyway=True), details) is None


@pytest.mark.parametrize(("credential", "loads"), [(CREDENTIAL, 1), (None, 0)], ids=["signed", "unsigned"])
def test_the_signer_is_loaded_before_it_is_needed(
    credential: Credential | None, loads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the event loop it would delay the first request by a quarter of a second."""
    calls: list[None] = []
    monkeypatch.setattr(Signer, "load", lambda: calls.append(None))
    ProxyAccess(credential)
    assert len(calls) == loads

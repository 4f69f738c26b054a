"""Selection of the key store and endpoint service, and the settings taken from them."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, DENIED, HOST, SERVICE, SPEC, STORE

from probe.aws.selection import selected_service, spec_with_defaults
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec


def test_missing_settings_are_taken_from_the_existing_key_store() -> None:
    given = replace(SPEC, id=STORE.id, uri_endpoint=None, uri_path="/new/kms/xks/v1", service_name=None)
    found = spec_with_defaults(given, replace(ACCOUNT, key_stores=(STORE,)))
    assert found == replace(given, uri_endpoint=STORE.uri_endpoint, service_name=STORE.service_name)


OTHER = replace(
    SERVICE,
    id="vpce-svc-other",
    name="com.amazonaws.vpce.eu-west-1.vpce-svc-other",
    private_dns_name="b.example.com",
)
CLOUDHSM = replace(STORE, id="cks-hsm", kind="AWS_CLOUDHSM", service_name=None)
NOTHING = replace(SPEC, uri_endpoint=None, uri_path=None, service_name=None)


def test_without_any_setting_the_only_external_key_store_is_selected() -> None:
    account = replace(ACCOUNT, key_stores=(STORE, CLOUDHSM))
    known = spec_with_defaults(NOTHING, account)
    assert (known.id, known.uri_path, known.service_name) == (
        STORE.id,
        STORE.uri_path,
        STORE.service_name,
    )
    two = replace(account, key_stores=(STORE, replace(STORE, id="cks-2")))
    assert not spec_with_defaults(NOTHING, two).id
    assert spec_with_defaults(replace(NOTHING, name="new"), account).id == ""
    assert spec_with_defaults(replace(NOTHING, uri_path="/kms/xks/v1"), account).id == ""
    assert spec_with_defaults(NOTHING, replace(ACCOUNT, key_stores=DENIED)).id == ""


@pytest.mark.parametrize(
    ("spec", "stores", "own", "name"),
    [
        (SPEC, (STORE,), (OTHER,), SERVICE.name),
        (replace(NOTHING, id=STORE.id), (STORE,), (OTHER,), STORE.service_name),
        (replace(NOTHING, id="cks-none"), (STORE,), (SERVICE,), None),
        (NOTHING, (STORE,), (OTHER, SERVICE), STORE.service_name),
        (NOTHING, (), (SERVICE,), SERVICE.name),
        (NOTHING, (), (SERVICE, OTHER), None),
        (replace(NOTHING, uri_endpoint="https://B.example.com"), (), (SERVICE, OTHER), OTHER.name),
        (replace(NOTHING, uri_endpoint="https://c.example.com"), (), (SERVICE,), None),
        (replace(NOTHING, connectivity=PUBLIC_CONNECTIVITY), (), (SERVICE,), None),
        (NOTHING, DENIED, DENIED, None),
    ],
)
def test_the_endpoint_service_is_selected_by_name_by_store_by_dns_name_or_as_the_only_one(
    spec: KeyStoreSpec, stores: Any, own: Any, name: str | None
) -> None:
    assert selected_service(spec, stores, own) == name


def test_missing_settings_are_taken_from_the_selected_service() -> None:
    known = spec_with_defaults(NOTHING, ACCOUNT)
    assert (known.service_name, known.uri_endpoint) == (SERVICE.name, f"https://{HOST}")


def test_a_missing_endpoint_is_taken_from_the_services_private_dns_name() -> None:
    given = replace(SPEC, uri_endpoint=None)
    assert spec_with_defaults(given, ACCOUNT).uri_endpoint == f"https://{HOST}"
    assert spec_with_defaults(given, None).uri_endpoint is None
    nameless = replace(ACCOUNT, service=replace(SERVICE, private_dns_name=None))
    assert spec_with_defaults(given, nameless).uri_endpoint is None
    assert spec_with_defaults(given, replace(ACCOUNT, service=DENIED)).uri_endpoint is None

import pytest

from probe.model.account import Account, ApiErrorKind, KeyStore, Unavailable

DENIED = Unavailable(
    call="kms:DescribeCustomKeyStores", because="not allowed", cause=ApiErrorKind.ACCESS_DENIED
)
STORE = KeyStore(id="cks-1", access_key_id="ABCDEFGHIJKLMNOPQRST")


def account(key_stores: tuple[KeyStore, ...] | Unavailable) -> Account:
    return Account(region="eu-west-1", taken_at_s=0.0, id="1", key_stores=key_stores, service=None)


@pytest.mark.parametrize(
    ("key_stores", "id_", "found"),
    [((STORE,), "cks-1", STORE), ((STORE,), "cks-2", None), ((), "cks-1", None), (DENIED, "cks-1", None)],
)
def test_a_key_store_is_found_by_its_id_if_the_list_was_readable(
    key_stores: object, id_: str, found: object
) -> None:
    assert account(key_stores).key_store(id_) is found  # type: ignore[arg-type]


def test_repr_does_not_contain_an_access_key_id() -> None:
    assert "ABCDEFGHIJKLMNOPQRST" not in repr(account((STORE,)))

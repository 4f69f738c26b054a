import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.fields import Fields
from simulator.scenario.xks_settings import DEFAULT_KEYS, ExternalKey, ProxySettings, read_proxy

SECRET = "s" * 43


def read(document: object) -> tuple[ProxySettings, list[str]]:
    fields = Fields()
    settings = read_proxy(document, fields)
    return settings, fields.mistakes


def test_by_default_there_are_a_credential_and_keys_of_each_kind() -> None:
    settings, mistakes = read({})
    assert mistakes == []
    assert settings == ProxySettings()
    assert [key.id for key in DEFAULT_KEYS] == [
        *("foo", "encrypt_only_key", "decrypt_only_key", "impotent_key", "disabled_key", "aes_128_key")
    ]


def test_the_default_credential_fits_kms_patterns() -> None:
    first = ProxySettings().credentials[0]
    again, mistakes = read(
        {"access_key_id": first.access_key_id, "secret_access_key": first.secret_access_key}
    )
    assert (again.credentials, mistakes) == ((first,), [])


def test_two_credentials_a_clock_a_region_and_keys_are_read() -> None:
    settings, mistakes = read(
        {
            "access_key_id": "A" * 20,
            "secret_access_key": SECRET,
            "second_access_key_id": "B" * 30,
            "second_secret_access_key": "/+=" * 15,
            "region": "us-east-1",
            "clock_offset": "-10m",
            "keys": {"a": {}, "b": {"spec": "RSA_2048", "usage": ["SIGN"], "enabled": False}},
        }
    )
    assert mistakes == []
    assert [each.access_key_id for each in settings.credentials] == ["A" * 20, "B" * 30]
    assert (settings.region, settings.clock_offset_s) == ("us-east-1", -600.0)
    assert settings.keys == (
        ExternalKey(id="a"),
        ExternalKey(id="b", spec="RSA_2048", usage=("SIGN",), is_enabled=False),
    )


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], "proxy"),
        ({"colour": 1}, "proxy.colour"),
        ({"access_key_id": "A" * 19, "secret_access_key": SECRET}, "proxy.access_key_id"),
        ({"access_key_id": "A" * 31, "secret_access_key": SECRET}, "proxy.access_key_id"),
        ({"access_key_id": "1" * 20, "secret_access_key": SECRET}, "proxy.access_key_id"),
        ({"access_key_id": "A" * 20}, "proxy.secret_access_key"),
        ({"access_key_id": "A" * 20, "secret_access_key": "s" * 42}, "proxy.secret_access_key"),
        ({"second_secret_access_key": SECRET}, "proxy.second_access_key_id"),
        ({"region": "EU"}, "proxy.region"),
        ({"clock_offset": "10"}, "proxy.clock_offset"),
        ({"keys": {"a b": {}}}, "proxy.keys.a b"),
        ({"keys": {"a": {"usage": ["X"] * 11}}}, "proxy.keys.a.usage"),
        ({"keys": {"a": {"enabled": "yes"}}}, "proxy.keys.a.enabled"),
        ({"keys": {"a": {"spec": 1}}}, "proxy.keys.a.spec"),
    ],
)
def test_an_error_has_its_path_and_shows_no_secret(document: object, path: str) -> None:
    _, mistakes = read(document)
    assert [line.partition(": ")[0] for line in mistakes] == [path]
    assert "sssss" not in mistakes[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KEYS = st.sampled_from(["access_key_id", "secret_access_key", "region", "clock_offset", "keys"])


@given(JSON | st.dictionaries(KEYS, JSON))
def test_any_document_gives_settings_or_errors(document: object) -> None:
    settings, mistakes = read(document)
    assert mistakes or settings.credentials

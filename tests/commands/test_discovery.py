"""Where the running agent reads facts: AWS only for discovered key stores, and changed credentials."""

import json
from pathlib import Path

import pytest

from probe.commands import discovery
from probe.commands.exits import UsageError
from probe.model.settings import CredentialSource, Settings
from probe.model.store import KeyStoreSpec
from probe.probes.verification_record import PUBLIC_RESOLVERS
from probe.wire.input_error import InputError

REGION = "eu-west-1"
ONE = KeyStoreSpec(id="cks-1", region=REGION)
TWO = KeyStoreSpec(id="cks-2", region=REGION)
CREDENTIAL = {"AccessKeyId": "A" * 20, "RawSecretAccessKey": "s" * 43}


def write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content))
    file.chmod(0o600)


def test_without_discovery_aws_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.aws.boto3_client.Boto3Client", None)
    (sources,) = discovery.sources_of(Settings(stores=(ONE,)))
    assert (sources.caller, sources.public_resolvers) == (None, ())


@pytest.mark.loopback
def test_key_stores_of_one_region_share_its_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    settings = Settings(stores=(ONE, TWO), discovered=frozenset({"cks-1", "cks-2"}))
    one, two = discovery.sources_of(settings)
    assert one.caller is two.caller is not None
    assert one.caller.region == REGION
    assert one.public_resolvers == PUBLIC_RESOLVERS
    assert (one.timeout_s, one.record_timeout_s) == (30.0, 10.0)


@pytest.mark.loopback
def test_an_endpoint_without_encryption_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.example.com")
    with pytest.raises(UsageError, match="is not https"):
        discovery.sources_of(Settings(stores=(ONE,), discovered=frozenset({"cks-1"})))


def test_a_credential_file_that_changes_gives_a_new_access(tmp_path: Path) -> None:
    file = tmp_path / "credential.json"
    write(file, CREDENTIAL)
    settings = Settings(stores=(ONE,), credentials={"cks-1": CredentialSource(file=str(file))})
    (sources,) = discovery.sources_of(settings)
    assert sources.new_access is not None
    assert sources.new_access() is None
    replaced = tmp_path / "new.json"
    write(replaced, {**CREDENTIAL, "RawSecretAccessKey": "t" * 43})
    replaced.replace(file)
    assert sources.new_access() is not None
    assert sources.new_access() is None
    write(file, "not a credential")
    with pytest.raises(InputError):
        sources.new_access()
    file.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        sources.new_access()


def test_a_secret_is_read_again_only_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x"
    monkeypatch.setattr(discovery, "_secret", None)
    (sources,) = discovery.sources_of(
        Settings(stores=(ONE,), credentials={"cks-1": CredentialSource(secret=arn)})
    )
    assert sources.new_access is not None
    assert sources.new_access() is None


def test_a_credential_from_the_environment_cannot_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XKS_PROXY_ACCESS_KEY_ID", "A" * 20)
    (sources,) = discovery.sources_of(Settings(stores=(ONE,)))
    assert sources.new_access is None

"""Checks the options of `preflight`; `init` shares some. Each error is one line that states what to do."""

import ipaddress
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probe.agent.round import plans_within
from probe.agent.targets import HTTPS_PORT, name_of
from probe.aws import metadata
from probe.commands import options
from probe.commands.exits import UsageError
from probe.commands.preflight_options import PreflightOptions
from probe.model.account import Account
from probe.model.store import EXTERNAL_KEY_STORE, PUBLIC_CONNECTIVITY, VPC_CONNECTIVITY, KeyStoreSpec
from probe.model.targets import Role, Target
from probe.model.text import clean
from probe.wire.aws_names import ACCOUNT_ID, EXTERNAL_KEY_ID, KEY_STORE_ID, SERVICE_NAME
from probe.wire.hostport import is_ipv4
from probe.wire.input_error import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.aws.calls import AwsClient
    from probe.aws.collected_answers import CollectedAnswers

MAX_NAMED = 64


def caller(
    account: Path | None,
    region: str | None,
    timeout_s: float,
    here: metadata.Instance | None,
    service: str | None = None,
) -> "AwsClient":
    """The source of AWS's answers: a collected file, or AWS itself in one Region.

    Without ``region``: the one that the AWS command line tools would use, else this instance's, else the one
    in the name of the endpoint ``service``.
    """
    if region is not None:
        options.check_region(region, "--region")
    try:
        if account is not None:
            recorded = _recorded(account)
            options.check_region(recorded.region, f"--account {clean(str(account))}: region")
            if region not in (None, recorded.region):
                of = clean(recorded.region, 40)
                raise UsageError(f"--region: the file is from {of}, not from {region}; leave out --region")
            return recorded
        from probe.aws.boto3_client import Boto3Client, session

        # boto3 reads AWS_DEFAULT_REGION and the profile, but not AWS_REGION, which other AWS tools prefer.
        of_settings = os.environ.get("AWS_REGION") or session().region_name
        chosen = region or of_settings or (here.region if here else None) or _region_of(service)
        if not chosen:
            raise UsageError("--region: no Region is known; give one (--region eu-west-1) or set AWS_REGION")
        options.check_region(str(chosen), "AWS_REGION")
        api = Boto3Client(str(chosen), read_timeout_s=timeout_s)
        _ = api.endpoint_url  # refuses one that is not https
    except InputError as error:
        raise UsageError(*error.errors) from None
    return api


def _region_of(service: str | None) -> str | None:
    found = SERVICE_NAME.fullmatch(service or "")
    return found[1] if found else None


def _recorded(account: Path) -> "CollectedAnswers":
    from probe.aws.collected_answers import read

    try:
        return read(account)
    except InputError as error:
        raise UsageError(*(f"--account {line}" for line in error.errors)) from None


def matching(value: str | None, pattern: re.Pattern[str], option: str, what_to_do: str) -> str | None:
    if value is not None and not pattern.fullmatch(value):
        raise UsageError(f"{option}: {clean(value, 80)!r} is not valid; {what_to_do}")
    return value


def store_id(text: str | None) -> str:
    """The id of `--key-store`, "" without it."""
    return matching(text, KEY_STORE_ID, "--key-store", "expected an id such as cks-1234567890abcdef0") or ""


def refuse_other_stores(spec: KeyStoreSpec, account: Account) -> None:
    """A CloudHSM key store has no proxy; one that does not exist is wrong usage."""
    if not spec.id or not isinstance(account.key_stores, tuple):
        return
    store = account.key_store(spec.id)
    if store is None:
        raise UsageError(f"--key-store: {spec.id} does not exist in {clean(account.region)} of this account")
    if store.kind not in (EXTERNAL_KEY_STORE, ""):
        raise UsageError(f"--key-store: {spec.id} is of kind {clean(store.kind, 40)}: it has no XKS proxy")


def ipv4_range(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text, strict=False))
    except ValueError:
        raise UsageError(
            f"--data-centre: {clean(text, 80)!r} is not an IPv4 range; expected one such as 10.20.0.0/16"
        ) from None


def older(path: Path | None) -> "Mapping[str, Any] | None":
    """The earlier JSON report, checked before anything is measured."""
    if path is None:
        return None
    from exporters.report import changes
    from probe.storage.files import read_bounded

    try:
        return changes.read(read_bounded(path, changes.MAX_BYTES))
    except InputError as error:
        raise UsageError(*(f"--against {clean(str(path))}: {line}" for line in error.errors)) from None
    except changes.UnreadableError as error:
        raise UsageError(f"--against {clean(str(path))}: {error}") from None


def resolver(text: str) -> str:
    if not is_ipv4(text):
        raise UsageError(f"--public-resolver: {clean(text, 80)!r} is not an IPv4 address")
    return text


def typed_targets(asked: PreflightOptions) -> tuple[Target, ...]:
    """The targets given as options, of the key store: nodes, targets of the load balancer, key managers."""
    plans = plans_within(asked.timeout)
    given = (
        (Role.NODE, "--node", asked.node),
        (Role.BACKEND, "--target", asked.target),
        (Role.KEY_MANAGER, "--key-manager", asked.key_manager),
    )
    found = [
        Target(
            name=name_of(host, port),
            role=role,
            host=host,
            port=port,
            key_store=asked.key_store or "",
            plans=plans[role],
        )
        for role, option, texts in given
        for host, port in (options.host_and_port(each, HTTPS_PORT, option) for each in texts or ())
    ]
    if len(found) > MAX_NAMED:
        raise UsageError(f"--target: {len(found)} nodes, targets and key managers; at most {MAX_NAMED}")
    return tuple(dict.fromkeys(found))


def spec_of(asked: PreflightOptions, region: str) -> KeyStoreSpec:
    """The parameters of the key store, as they are or would be given to KMS."""
    from probe.survey.locations import is_known

    return KeyStoreSpec(
        region=region,
        id=store_id(asked.key_store),
        name=asked.name,
        connectivity=PUBLIC_CONNECTIVITY if asked.public else VPC_CONNECTIVITY,
        uri_endpoint=asked.uri_endpoint,
        uri_path=asked.uri_path,
        service_name=asked.endpoint_service,
        service_owner=matching(asked.owner, ACCOUNT_ID, "--owner", "expected the 12 digits of an account"),
        store_account=matching(
            asked.store_account, ACCOUNT_ID, "--store-account", "expected the 12 digits of an account"
        ),
        data_centre=tuple(ipv4_range(each) for each in asked.data_centre or ()),
        region_has_kms=is_known(region),
        key_id=matching(
            asked.key_id, EXTERNAL_KEY_ID, "--key-id", "use only letters, digits, '-', '_' and '.'"
        ),
    )

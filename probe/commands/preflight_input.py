"""What the command line of `preflight` says, checked: each mistake is one line that says what to do."""

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probe.aws import metadata
from probe.commands import options
from probe.commands.exits import UsageError
from probe.model.targets import Role
from probe.model.text import clean
from probe.wire.hostport import is_ipv4
from probe.wire.input_error import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.agent.targets import Place
    from probe.aws.calls import Caller

KEY_STORE = re.compile(r"cks-[0-9a-zA-Z]{1,60}", re.ASCII)
ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,8}(-[a-z]+){1,3}-[0-9]{1,2}", re.ASCII)


def caller(
    account: Path | None, region: str | None, timeout_s: float, here: metadata.Instance | None
) -> "Caller":
    """Whoever will be asked of AWS: a collected file, or AWS itself, in the Region that it is asked in.

    Where nobody names a Region: what AWS's own tools would take, else the instance's own.
    """
    if region is not None:
        _check_region(region, "--region")
    try:
        if account is not None:
            from probe.aws.recorded import read

            recorded = read(account)
            _check_region(recorded.region, f"--account {clean(str(account))}: region")
            if region not in (None, recorded.region):
                of = clean(recorded.region, 40)
                raise UsageError(f"--region: the file is of {of}, not of {region}; leave it out")
            return recorded
        from probe.aws.api import Api, session

        chosen = region or session().region_name or (here.region if here else None)
        if not chosen:
            raise UsageError("preflight: no Region is known; say --region eu-west-1, or set AWS_REGION")
        _check_region(str(chosen), "AWS_REGION")
        api = Api(str(chosen), read_timeout_s=timeout_s)
        _ = api.endpoint_url  # refuses one that is not https
    except InputError as error:
        raise UsageError(*error.errors) from None
    return api


def _check_region(region: str, where: str) -> None:
    if not _REGION.fullmatch(region):
        raise UsageError(f"{where}: {clean(region, 40)!r} is no Region; write it as in eu-west-1")


def matching(value: str | None, pattern: re.Pattern[str], option: str, what_to_do: str) -> str | None:
    if value is not None and not pattern.fullmatch(value):
        raise UsageError(f"{option}: {clean(value, 80)!r} is none; {what_to_do}")
    return value


def ipv4_range(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text, strict=False))
    except ValueError:
        raise UsageError(
            f"--data-centre: {clean(text, 80)!r} is no IPv4 range; write it as in 10.20.0.0/16"
        ) from None


def older(path: Path | None) -> "Mapping[str, Any] | None":
    """An older document. Refused before anything is looked at, if it is none."""
    if path is None:
        return None
    from exporters.report import changes
    from probe.storage.files import read_bounded

    try:
        return changes.read(read_bounded(path, changes.LARGEST_BYTES))
    except InputError as error:
        raise UsageError(*(f"--against {clean(str(path))}: {line}" for line in error.errors)) from None
    except changes.UnreadableError as error:
        raise UsageError(f"--against {clean(str(path))}: {error}") from None


def resolver(text: str) -> str:
    if not is_ipv4(text):
        raise UsageError(f"--public-resolver: {clean(text, 80)!r} is no IPv4 address")
    return text


def places(given: list[str] | None, role: Role, option: str, make: "type[Place]") -> "list[Place]":
    pairs = [options.host_and_port(each, 443, option) for each in given or ()]
    return [make(host=host, port=port, role=role) for host, port in pairs]

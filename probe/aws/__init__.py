"""The only AWS calls: read-only, with deadlines; what may not be looked at is `Unavailable`, never empty.

`calls` is the table of all of them, `api` makes them, `recorded` answers them from a file, `audit` makes
them all into one Account, `selection` says which store and service are meant (pure). May import `signing`
and what is below; boto3 and botocore belong here, but for a signer in `signing` and data in `survey`, and
are imported by the functions that need them. A new call is a row of `calls`, a reader in `probe/wire`, and
a part of `audit`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from probe.model.account import Unavailable
from probe.wire.input_error import InputError
from probe.wire.json_values import text

__all__ = ["Identity", "Unavailable", "caller_identity", "on_ec2"]

# A virtual machine on EC2 says so in its firmware tables; anywhere else nobody asks 169.254.169.254.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html
_DMI_VENDOR = Path("/sys/class/dmi/id/sys_vendor")
CALL_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom AWS takes this program for."""

    arn: str


def on_ec2(vendor_file: Path = _DMI_VENDOR) -> bool:
    """This machine's firmware says Amazon EC2."""
    try:
        return vendor_file.read_text(encoding="ascii", errors="replace").strip() == "Amazon EC2"
    except OSError:
        return False


def caller_identity() -> Identity | Unavailable:
    """Ask STS who is calling. Blocks up to a few seconds: call it in a thread or before the loop."""
    from probe.aws.boto3_client import Boto3Client

    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    try:
        api = Boto3Client(region, read_timeout_s=CALL_TIMEOUT_S, attempts=1)
        found = api.call("sts", "GetCallerIdentity", {}, CALL_TIMEOUT_S)
    except InputError as error:
        return Unavailable(call="sts:GetCallerIdentity", because=str(error))
    if isinstance(found, Unavailable):
        return found
    return Identity(arn=text(found, "Arn") or "AWS did not say who")

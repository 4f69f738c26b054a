"""All AWS calls: read-only, with deadlines; what cannot be read is `Unavailable`, never empty.

`calls` lists the calls, `boto3_client` makes them, `collected_answers` answers them from a file, `audit`
combines their responses into one Account, `selection` chooses the key store and endpoint service (pure).
May import `signing` and the layers below it. boto3 and botocore are used only here (except the signer in
`signing` and data in `survey`), and are imported by the functions that need them, because they load slowly. A
new call is a row in `calls`, a reader in `probe/wire`, and a part of `audit`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from probe.model.account import Unavailable
from probe.wire.input_error import InputError
from probe.wire.json_values import text

__all__ = ["Identity", "Unavailable", "caller_identity", "on_ec2"]

# The firmware tables identify EC2 instances; on other machines, 169.254.169.254 is never queried.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html
_DMI_VENDOR = Path("/sys/class/dmi/id/sys_vendor")
CALL_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The IAM identity that this program's AWS credentials belong to."""

    arn: str


def on_ec2(vendor_file: Path = _DMI_VENDOR) -> bool:
    """Whether this machine's firmware tables say Amazon EC2."""
    try:
        return vendor_file.read_text(encoding="ascii", errors="replace").strip() == "Amazon EC2"
    except OSError:
        return False


def caller_identity() -> Identity | Unavailable:
    """Ask STS for the caller's identity. Blocks for up to a few seconds, so not for use in the event loop."""
    from probe.aws.boto3_client import Boto3Client

    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    try:
        api = Boto3Client(region, read_timeout_s=CALL_TIMEOUT_S, attempts=1)
        found = api.call("sts", "GetCallerIdentity", {}, CALL_TIMEOUT_S)
    except InputError as error:
        return Unavailable(call="sts:GetCallerIdentity", because=str(error))
    if isinstance(found, Unavailable):
        return found
    return Identity(arn=text(found, "Arn") or "unknown: no Arn in AWS's response")

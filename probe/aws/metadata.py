"""Reads this machine's Region, zone and VPC from EC2's instance metadata service (IMDSv2), within a second.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

import http.client
import json
import os
import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from probe.aws import on_ec2

TIMEOUT_S = 1.0
_SERVICE = "http://169.254.169.254"
_MAX_BYTES = 64 * 1024
_ID = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)  # a Region, zone, VPC or instance
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.ASCII)
_FAILURES = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """This EC2 instance; None is unknown. ``zone_id`` is the same in every account, ``zone`` is not."""

    region: str | None = None
    zone: str | None = None
    zone_id: str | None = None
    vpc_id: str | None = None
    instance_id: str | None = None


def instance() -> Instance | None:
    """None if not on EC2 (then nothing is sent) or without a response. Blocks for at most `TIMEOUT_S`."""
    if not on_ec2() or os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    where = urlsplit(os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _SERVICE)
    try:
        return _Service(where.hostname or "", where.port or 80).described()
    except _FAILURES:
        return None


class _Service:
    """The metadata service; all requests share one deadline."""

    def __init__(self, host: str, port: int) -> None:
        self._ends_at_s = time.monotonic() + TIMEOUT_S
        self._host, self._port = host, port
        self._token: str | None = None

    def described(self) -> Instance:
        self._token = self._ask("PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        document = json.loads(self._ask("GET", "dynamic/instance-identity/document"))
        known = document if isinstance(document, dict) else {}
        return Instance(
            region=_id(known.get("region")),
            zone=_id(known.get("availabilityZone")),
            zone_id=self._optional("placement/availability-zone-id"),
            vpc_id=self._vpc_id(),
            instance_id=_id(known.get("instanceId")),
        )

    def _vpc_id(self) -> str | None:
        try:
            mac = self._ask("GET", "meta-data/mac").strip()
        except _FAILURES:
            return None
        return self._optional(f"network/interfaces/macs/{mac}/vpc-id") if _MAC.fullmatch(mac) else None

    def _optional(self, path: str) -> str | None:
        """A value that may be missing; the other values are still useful without it."""
        try:
            return _id(self._ask("GET", f"meta-data/{path}").strip())
        except _FAILURES:
            return None

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> str:
        left_s = self._ends_at_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        # http.client ignores proxy settings, so the token never leaves this machine.
        connection = http.client.HTTPConnection(self._host, self._port, timeout=left_s)
        try:
            token = {"X-aws-ec2-metadata-token": self._token} if self._token else {}
            connection.request(method, f"/latest/{path}", headers={**token, **(headers or {})})
            answer = connection.getresponse()
            body = answer.read(_MAX_BYTES)
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise http.client.HTTPException
        return body.decode("ascii")


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None

"""Where this machine is, by EC2's instance metadata service: IMDSv2, asked once, for a second at most."""

import os

from probe.aws import on_ec2

TIMEOUT_S = 1.0


def region() -> str | None:
    """The Region of this instance; None off EC2, or without an answer. Nobody is asked off EC2.

    botocore takes a token first (IMDSv2) and raises for nothing that the service does.
    """
    if not on_ec2():
        return None
    from botocore.utils import METADATA_BASE_URL, InstanceMetadataRegionFetcher

    url = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or METADATA_BASE_URL
    fetcher = InstanceMetadataRegionFetcher(timeout=TIMEOUT_S, num_attempts=1, base_url=url)
    found = fetcher.retrieve_region()
    return str(found) if found else None

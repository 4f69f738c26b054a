"""The account of a simulation as a file, so that a test can change any answer in it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from probe.aws.audit import audit
from probe.aws.boto3_client import Boto3Client
from probe.aws.collected_answers import Recorder
from probe.model.store import KeyStoreSpec
from simulator import Simulation

REGION = "eu-central-1"


def recorded(simulation: Simulation, section: Mapping[str, Any]) -> dict[str, Any]:
    """The account as `deploy/aws/collect.sh` would collect it: every response that an audit gets."""
    simulation.set_account(section)
    variables = simulation.aws_environment()

    def record() -> dict[str, Any]:  # in a separate process, in the network of the account's endpoint
        os.environ.update(variables)
        recorder = Recorder(Boto3Client(REGION, read_timeout_s=30.0))
        name = simulation.service_name
        audit(recorder, KeyStoreSpec(region=REGION, service_name=name), taken_at_s=0.0, timeout_s=100.0)
        return recorder.document("2026-01-15T09:30:00Z")

    document: dict[str, Any] = simulation.call(record, 60.0)
    return document


def from_file(document: Mapping[str, Any], file: Path) -> dict[str, str]:
    """The option that reads the account from a file."""
    file.write_text(json.dumps(document), encoding="utf-8")
    return {"--account": str(file)}

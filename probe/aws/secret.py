"""Reads the proxy's credential from AWS Secrets Manager: one call for one secret, never logged."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from probe.aws.boto3_client import client_of, session, unanswered
from probe.aws.calls import OF_THE_SECRET
from probe.aws.failures import denied_by
from probe.model.text import clean
from probe.signing.credential import Credential, parse
from probe.wire.aws_names import SECRET_ARN
from probe.wire.input_error import InputError

TIMEOUT_S = 5.0
_ACTION = ":".join(OF_THE_SECRET)


def credential_of(arn: str, source: str = "--credential-secret") -> Credential:
    """The credential in the secret ``arn``. Raises InputError, which contains no part of the secret.

    ``source`` is the option or key that the user set; errors start with it.
    """
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    option = f"{source} {clean(arn, 120)}".lstrip()
    found = SECRET_ARN.fullmatch(arn)
    if found is None:
        arn_format = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
        raise InputError((f"{option}: is not the ARN of a secret; the format is {arn_format}",))
    config = Config(connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"total_max_attempts": 1})
    client = client_of(session(found[1]), OF_THE_SECRET[0], config)
    try:
        with _unlogged():
            content = client.get_secret_value(SecretId=arn).get("SecretString")
    except ClientError as error:
        raise InputError((f"{option}: {denied_by(error.response, _ACTION).because}",)) from None
    except BotoCoreError as error:
        raise InputError((f"{option}: {unanswered(error, _ACTION).because}",)) from None
    return parse(content if isinstance(content, str) else "", option)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Disables debug logging, because botocore's debug log contains complete responses."""
    before = logging.root.manager.disable
    logging.disable(logging.DEBUG)
    try:
        yield
    finally:
        logging.disable(before)

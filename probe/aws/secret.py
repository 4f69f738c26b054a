"""The proxy's credential out of AWS Secrets Manager: one call, for one secret, that nothing writes down."""

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
    """The secret's Region is in its ARN. Raises InputError, in which nothing of the secret is.

    ``source`` names what the user wrote, in errors.
    """
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    option = f"{source} {clean(arn, 120)}".lstrip()
    found = SECRET_ARN.fullmatch(arn)
    if found is None:
        raise InputError(
            (f"{option}: write the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME",)
        )
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
    """The debug log of botocore quotes answers whole."""
    before = logging.root.manager.disable
    logging.disable(logging.DEBUG)
    try:
        yield
    finally:
        logging.disable(before)

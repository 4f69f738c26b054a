"""Patterns of AWS names and ids, for validating user input; use them with `fullmatch`."""

import re

_REGION = r"[a-z]{2,8}(?:-[a-z]+){1,3}-[0-9]{1,2}"
REGION = re.compile(_REGION, re.ASCII)
# Group 1 is the Region.
SERVICE_NAME = re.compile(rf"(?:com|eu)\.amazonaws\.vpce\.({_REGION})\.vpce-svc-[0-9a-z]+", re.ASCII)
ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)
KEY_STORE_ID = re.compile(r"cks-[0-9a-zA-Z]{1,60}", re.ASCII)
# botocore's model of KMS: XksKeyIdType.
EXTERNAL_KEY_ID = re.compile(r"[a-zA-Z0-9_.-]{1,128}", re.ASCII)
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
# Group 1 is the Region.
SECRET_ARN = re.compile(
    rf"arn:aws[a-z-]*:secretsmanager:({_REGION}):[0-9]{{12}}:secret:[\w/+=.@-]{{1,512}}", re.ASCII
)

"""The list of error names equals botocore's."""

import botocore.session

from exporters.prometheus.kms_errors import KMS_ERRORS
from probe.model.verdicts import Operation

# Codes only of CloudHSM key stores, according to botocore's documentation of each code.
CLOUDHSM_CODES = {
    "CLUSTER_NOT_FOUND", "INSUFFICIENT_CLOUDHSM_HSMS", "USER_LOCKED_OUT", "USER_NOT_FOUND", "USER_LOGGED_IN",
    "SUBNET_NOT_FOUND", "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET",
}  # fmt: skip
API = {
    Operation.CREATE: "CreateCustomKeyStore",
    Operation.UPDATE: "UpdateCustomKeyStore",
    Operation.CREATE_KEY: "CreateKey",
}


def test_connection_error_codes_are_botocores_codes_except_for_cloudhsm() -> None:
    kms = botocore.session.get_session().get_service_model("kms")
    codes = set(kms.shape_for("ConnectionErrorCodeType").enum)
    assert codes >= CLOUDHSM_CODES
    assert set(KMS_ERRORS[Operation.CONNECT]) == codes - CLOUDHSM_CODES


def test_exceptions_are_botocores_exceptions_except_for_cloudhsm() -> None:
    kms = botocore.session.get_session().get_service_model("kms")
    for operation, name in API.items():
        modelled = {shape.name for shape in kms.operation_model(name).error_shapes}
        expected = {
            n for n in modelled if not n.startswith("CloudHsm") and n != "IncorrectTrustAnchorException"
        }
        assert set(KMS_ERRORS[operation]) == expected, operation


def test_every_operation_is_listed_and_no_name_twice() -> None:
    assert set(KMS_ERRORS) == set(Operation)
    assert all(len(names) == len(set(names)) for names in KMS_ERRORS.values())

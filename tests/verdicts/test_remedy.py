"""The placeholders of a remedy are filled in with the values of a finding."""

import shlex

from probe.model.verdicts import Remedy
from probe.verdicts.remedy import filled


def test_values_fill_in_the_placeholders_and_are_quoted_for_a_shell() -> None:
    remedy = Remedy(
        text="Change SERVICE-ID.",
        console="VPC > SERVICE-ID",
        cli="aws x --service-id SERVICE-ID my-SERVICE-ID",
    )
    hostile = "vpce; rm -rf '$HOME'"
    found = filled(remedy, {"SERVICE-ID": hostile})
    assert found.text == f"Change {hostile}."
    assert found.console == f"VPC > {hostile}"
    assert shlex.split(found.cli) == ["aws", "x", "--service-id", hostile, "my-SERVICE-ID"]


def test_a_command_with_an_unknown_placeholder_is_omitted() -> None:
    remedy = Remedy(text="Change it.", cli="aws kms x --region REGION --id KEY-STORE-ID")
    assert filled(remedy, {"REGION": "eu-west-1"}) == Remedy(text="Change it.")
    assert filled(Remedy(text="Look.", cli="dig TXT x; nc TCP"), {}).cli == "dig TXT x; nc TCP"


def test_all_placeholders_are_replaced() -> None:
    remedy = Remedy(text="ID of REGION.", console="REGION > ID", cli="aws x --region REGION --id ID")
    found = filled(remedy, {"REGION": "eu-west-1", "ID": "7"})
    assert (found.text, found.console) == ("7 of eu-west-1.", "eu-west-1 > 7")
    assert found.cli == "aws x --region eu-west-1 --id 7"

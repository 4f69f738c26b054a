"""A remedy in the words of this account."""

import shlex

from probe.model.verdicts import Remedy
from probe.verdicts.remedy import filled


def test_a_remedy_names_the_real_things_and_a_shell_takes_each_for_one_word() -> None:
    remedy = Remedy(
        text="Change SERVICE-ID.",
        console="VPC > SERVICE-ID",
        cli="aws x --service-id SERVICE-ID my-SERVICE-ID",
    )
    hostile = "vpce; rm -rf '$HOME'"
    said = filled(remedy, {"SERVICE-ID": hostile})
    assert said.text == f"Change {hostile}."
    assert said.console == f"VPC > {hostile}"
    assert shlex.split(said.cli) == ["aws", "x", "--service-id", hostile, "my-SERVICE-ID"]


def test_a_command_of_which_a_word_is_not_known_is_left_out() -> None:
    remedy = Remedy(text="Change it.", cli="aws kms x --region REGION --id KEY-STORE-ID")
    assert filled(remedy, {"REGION": "eu-west-1"}) == Remedy(text="Change it.")
    assert filled(Remedy(text="Look.", cli="dig TXT x; nc TCP"), {}).cli == "dig TXT x; nc TCP"

"""What several judges read from the evidence: targets, parts of the account, where a chain leads (pure).

This folder selects facts; the judges next to it decide. May import `declare`, `wording`, `probe.wire` and
`probe.model`. Code that a second judge needs moves here.
"""

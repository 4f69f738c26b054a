"""How judges look at evidence: which targets, which part of the account, where chains lead (pure).

Opinions are in the judges beside this folder; here is what several of them ask. May import `declare`,
`wording`, `probe.wire` and `probe.model`. A question that a second judge asks moves here.
"""

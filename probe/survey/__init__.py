"""Compares candidate Regions: measures round trips to their endpoints and ranks the Regions.

`locations` lists the Regions, `endpoints` their hosts, `measure` runs the rounds, `rank` evaluates them
(pure). May import `signing` and the layers below it; only `endpoints` uses botocore, for its data. A new
statistic belongs to `rank`, a new source of candidates to `endpoints`.
"""

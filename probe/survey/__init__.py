"""Which Region: candidates and their endpoints, rounds of round trips, a ranked answer.

`places` knows Regions, `endpoints` where each is asked, `measure` takes rounds, `rank` judges (pure). May
import `probes` and what is below. A new statistic belongs to `rank`, a new source of candidates to
`endpoints`.
"""

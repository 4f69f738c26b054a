"""Which Region: candidates and their endpoints, rounds of round trips, a ranked answer.

`places` knows Regions, `endpoints` where each is asked, `measure` takes rounds, `rank` judges (pure). May
import `signing` and what is below; botocore in `endpoints` alone, for its data. A new statistic belongs to
`rank`, a new source of candidates to `endpoints`.
"""

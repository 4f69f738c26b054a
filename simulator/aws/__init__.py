"""A simulated AWS account behind one HTTP endpoint: moto, and what it lacks.

`endpoint` is the process, `account` plans what there is, `moto` builds it, `answers` and `pages` add what
moto lacks, `protocol` speaks AWS's wire forms. May import `network` and `scenario`. A new call is a row of
`answers`.
"""

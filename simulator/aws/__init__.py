"""A simulated AWS account behind one HTTP endpoint: moto, extended with what it lacks.

`endpoint` is the process, `account` plans the resources, `moto` creates them, `answers`, `members` and
`pages` add what moto lacks, and `protocol` encodes and decodes AWS's protocols. `default_account` gives a
scenario an account. May import `network` and `scenario`. A new API call is a row in `answers`.
"""

"""Results for people and programs: each module makes a JSON document and a renderable for a terminal.

``document`` gives what ``docs/schemas/`` describes; ``render`` gives a rich renderable that fits 80 columns
and uses more where there are more. No markup is interpreted: text of the network arrives cleaned. May
import `probe.model`. A new command's results get a module here and a schema; a new format of a report (as
`markdown`, `html`, `junit`) is a module that takes the same values.
"""

"""Results for people and programs: each module makes a JSON document and terminal output.

``document`` returns the JSON that ``docs/schemas/`` describes. ``render`` returns a rich renderable that fits
80 columns and uses a wider terminal. No markup is interpreted, and untrusted text passes ``clean``. May
import `probe.model`. The results of a new command get a module here and a schema. A new report format (like
`markdown`, `html`, `junit`) is a module that takes the same values.
"""

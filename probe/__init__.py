"""Network diagnostics for AWS KMS external key stores: the product itself.

Each folder has one purpose and its place among the layers that docs/architecture.md draws and
pyproject.toml holds. Shares no code with `simulator`; only `commands` knows `exporters`. Something new goes
into the folder that owns its subject; a new folder needs its line among the layers and a paragraph such as
this one.
"""

__version__ = "0.1.0"

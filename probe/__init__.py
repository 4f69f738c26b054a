"""Network diagnostics for AWS KMS external key stores: the program itself.

Each folder has one purpose and a place among the layers, which docs/architecture.md shows and the import
contracts in pyproject.toml enforce. This package shares no code with `simulator`, and only `commands` may
import `exporters`. New code goes into the folder that owns its subject. A new folder needs an entry among
the layers and a docstring such as this one.
"""

__version__ = "0.1.0"

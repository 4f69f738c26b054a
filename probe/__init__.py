"""Network diagnostics for AWS KMS external key stores: see docs/architecture.md."""

__version__ = "0.1.0"

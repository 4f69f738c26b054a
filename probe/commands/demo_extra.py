"""What `demo` needs that only the extra `demo` installs."""

from importlib.util import find_spec

# Module by package of the extra in pyproject.toml.
MODULES = {"pyroute2": "pyroute2", "moto": "moto"}
INSTALL = "pip install 'xks-probe[demo]'"


def missing() -> str | None:
    """The first package that is not installed."""
    return next((package for package, module in MODULES.items() if find_spec(module) is None), None)

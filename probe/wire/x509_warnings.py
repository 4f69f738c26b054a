"""Turns off the warnings of the library cryptography about certificates."""

import warnings

from cryptography.utils import CryptographyDeprecationWarning


def ignore() -> None:
    """Called by each module that reads certificates, when it is imported.

    What is odd about a certificate is judged elsewhere. For the whole program, because certificates are read
    in several threads, and `warnings.catch_warnings` is only for one.
    """
    warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)
    warnings.filterwarnings("ignore", message="Attribute's length must be", category=UserWarning)

"""Measurements of the product itself, against a packet capture and against other tools: `python -m bench`."""

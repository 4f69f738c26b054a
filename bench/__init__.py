"""Benchmarks: accuracy against a packet capture, cost compared with other tools: `python -m bench`."""

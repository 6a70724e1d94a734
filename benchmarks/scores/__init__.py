"""Benchmark of scores: the graph of an audit beside NumPy and pandas, on the same distributions and the same draws.

    survey --audit, shares--> arms, each in a process of its own --rounds--> seconds, agreement, fit --> tables

All arms give the same numbers before any second is believed. The command is `python -m benchmarks.scores.run`.
"""

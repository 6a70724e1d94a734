"""Statistics as kernels of one example: each takes its values and how often each of them counts.

Expects float64 vectors without NaN. `often` says how many times a value is there: zero where it is missing, one where
it stands once, k where a resample drew it k times, so that a statistic of counts equals that of the values written out
k times. Ensures that values that count zero times never enter a result, and that an undefined statistic is NaN.
"""

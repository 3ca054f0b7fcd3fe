"""What one can learn from recordings: scores against labels, what other settings would have changed.

Pure functions over recorded data; no I/O.
"""

"""The use cases: the only place that changes a row, each change one transaction (design: the row is the truth)."""

"""Everything in memory: the same promises as the real things, for scenarios and fast tests."""

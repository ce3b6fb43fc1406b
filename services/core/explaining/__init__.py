"""Answers to "why?", "when?" and "what if?": the same decisions, shown to people; nothing is stored (contracts §5)."""

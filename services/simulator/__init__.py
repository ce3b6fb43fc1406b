"""A town of simulated people and providers, and a clock that a story owns."""

"""Sans Faute: no job seeker misses an obligation because a message did not reach them."""

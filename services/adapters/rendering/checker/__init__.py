"""The text checker: every notice is written to sample people, and read by the rules that a plain and honest message obeys."""

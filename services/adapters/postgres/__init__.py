"""PostgreSQL: what is true about people, changed in one transaction. Plain SQL, no extension."""

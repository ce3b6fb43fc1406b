"""Kafka and PostgreSQL as child processes, for those who have configured neither."""

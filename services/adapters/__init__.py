"""Where the ports meet the world: Kafka, PostgreSQL, providers, templates, the clock."""

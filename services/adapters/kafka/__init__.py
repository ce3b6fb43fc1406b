"""Everything that speaks to Kafka: connection, topics, administration, streams, publisher, watchdog."""

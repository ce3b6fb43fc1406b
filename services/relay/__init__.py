"""The outbox onto Kafka, in shards, in order per person."""

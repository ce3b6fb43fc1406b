"""What is known of a message having reached somebody, and what an answer or a receipt changes (rules §10.6, §10.7, §10.12, §11)."""

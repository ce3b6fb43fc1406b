"""What every process needs around its work: settings, logs, metrics, health, supervision, embedded servers."""

"""The ladder of a meeting: first notice, fallback on failure and silence, reminders, word of a change."""

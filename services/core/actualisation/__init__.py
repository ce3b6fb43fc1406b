"""The ladder of an actualisation: a campaign over a month's first half, and one message to those who are too late."""

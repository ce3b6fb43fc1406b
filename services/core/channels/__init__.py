"""What each channel can carry, to whom and when: alphabets, numbers, addresses, hours, lead times (rules §4-6, §10)."""

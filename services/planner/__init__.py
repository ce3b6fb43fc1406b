"""Wakes people whose instant has come and decides what is due for them."""

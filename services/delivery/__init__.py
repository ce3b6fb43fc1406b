"""Claim, check-at-send, render, send, record."""

"""Looks from outside at whether everybody is being reached, and alarms operations when something says no."""

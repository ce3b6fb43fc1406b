"""Fixtures that every test may ask for."""

pytest_plugins = ["tests.fixtures.kafka", "tests.fixtures.logs", "tests.fixtures.postgres"]

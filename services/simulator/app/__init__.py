"""Wiring of plays: everything in memory, or (``stack``, heavier to import) the real Kafka, PostgreSQL and sockets."""

from services.simulator.app.memory import memory_play
from services.simulator.app.parts import templates

__all__ = ["memory_play", "templates"]

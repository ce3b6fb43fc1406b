"""Wiring of plays: everything in memory, or the real Kafka, PostgreSQL and sockets; the steps are the product's own on both."""

from services.simulator.app.memory import memory_play
from services.simulator.app.parts import templates
from services.simulator.app.stack import Playground, open_playground

__all__ = ["Playground", "memory_play", "open_playground", "templates"]

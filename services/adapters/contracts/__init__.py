"""The contracts at the border: CloudEvents in and out, checked against ``contracts/events/*.schema.json``."""

from services.adapters.contracts.decode import Decoder
from services.adapters.contracts.encode import CONTENT_TYPE, encode
from services.adapters.contracts.schemas import Schemas
from services.adapters.contracts.types import TOPICS, topic_of
from services.core.events import Problem

__all__ = ["CONTENT_TYPE", "TOPICS", "Decoder", "Problem", "Schemas", "encode", "topic_of"]

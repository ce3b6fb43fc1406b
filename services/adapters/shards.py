"""Which shard of the outbox a message waits in: the same for the same key, in every process and in every version."""

import zlib


def shard_of(key: str, shards: int) -> int:
    """Shard of a key, from 0 to ``shards`` - 1; CRC-32 (RFC 1952 §8) because ``hash()`` differs from process to process."""
    return zlib.crc32(key.encode()) % shards

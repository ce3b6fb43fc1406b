"""Which partition a key belongs to: the murmur2 hash of the Java client, so that every producer agrees and one person stays in order."""

#: name of this partitioner in librdkafka; keyless messages would be spread at random, and we have none
LIBRDKAFKA_NAME = "murmur2_random"
_M = 0x5BD1E995
_SEED = 0x9747B28C
_ALL = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Number of the partition, 0 to ``partitions`` - 1."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Austin Appleby's MurmurHash2 (32 bits) with the seed that Kafka's Java client uses."""
    length = len(data)
    value = _SEED ^ length
    whole = length - length % 4
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _M & _ALL
        word = (word ^ word >> 24) * _M & _ALL
        value = (value * _M & _ALL) ^ word
    if whole < length:
        value = (value ^ int.from_bytes(data[whole:], "little")) * _M & _ALL
    value = (value ^ value >> 13) * _M & _ALL
    return value ^ value >> 15

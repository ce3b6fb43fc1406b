"""How long what we know is kept (§8.3): part of the policy, and written in ``policy.toml`` like the rest."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """Ages after which something is forgotten, and how gently that is done."""

    #: how often is looked
    every: timedelta
    #: rows of one transaction, so that nobody waits for it
    batch: int
    #: between two batches while there is more
    pause: timedelta
    #: published messages: long enough to look at yesterday's
    outbox: timedelta
    #: longer than any topic keeps an event, and than it can be replayed
    inbox: timedelta
    dead_letters: timedelta
    refused_callbacks: timedelta
    journal: timedelta
    #: who asked for whose file
    accesses: timedelta
    #: what providers said in their own words, and their references
    payloads: timedelta
    #: the words that were sent, and those that were answered
    words: timedelta
    #: from the duty's date: then its proof is deleted, and what is left says nothing about anybody
    evidence: timedelta

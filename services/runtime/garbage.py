"""How often Python looks for cycles of garbage: seldom, because a batch holds hundreds of cases that are no garbage.

A case is a tree without cycles, freed by counting references. With Python's own numbers every few people a collection walks through all
cases of the batch; measured, that took a third of the planner's time (docs/decisions/0010-what-deciding-costs.md).
"""

import gc

#: so many new objects before the young ones are looked at: a batch is done by then, and its objects are gone
_YOUNG = 50_000
#: so many looks at the young before one at the older ones, and so many of those before one at everything
_OLDER, _OLDEST = 20, 100


def look_seldom() -> None:
    """For a process that runs for long; a cycle that nobody needs waits a little longer, in bounded memory."""
    gc.set_threshold(_YOUNG, _OLDER, _OLDEST)

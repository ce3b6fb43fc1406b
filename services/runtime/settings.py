"""Everything that can be set from outside: the only reader of the environment."""

import os
from collections.abc import Mapping


def environment_with(additions: Mapping[str, str]) -> dict[str, str]:
    """Our environment and ``additions``, for a child process."""
    return {**os.environ, **additions}

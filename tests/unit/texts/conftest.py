"""Templates, loaded once."""

from pathlib import Path

import pytest

from services.adapters.rendering.texts import JinjaTexts

TEMPLATES = Path(__file__).parents[3] / "templates"


@pytest.fixture(scope="session")
def texts() -> JinjaTexts:
    """The shipped templates."""
    return JinjaTexts(TEMPLATES)

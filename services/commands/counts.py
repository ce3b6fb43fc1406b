"""How many of something, as people say it."""


def count(number: int, what: str, many: str = "") -> str:
    """« 1 day », « 2 days »."""
    return f"{number} {what if number == 1 else many or f'{what}s'}"

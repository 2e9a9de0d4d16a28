"""What was called."""

__all__ = ["calls"]

calls: list[str] = []

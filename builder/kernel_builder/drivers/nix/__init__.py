"""The driver that builds through the project's flake: it evaluates once, builds everything at once, and copies."""

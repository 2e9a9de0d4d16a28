"""What this machine can build with."""

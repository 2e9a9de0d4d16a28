"""What `kernel-builder init` makes: a small kernel that builds, is tested, and can be measured and published."""

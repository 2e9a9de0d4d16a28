"""What this machine can build and load, and for each "no" the step that mends it.

Each topic is a module with one function that gives its diagnoses; `gather` runs them all and sums them up. Nothing is
written outside a temporary folder, and nothing is asked of the network unless that is wanted.
"""

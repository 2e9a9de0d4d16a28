"""The Torch that a build is made against: that of an environment, or one of several in our cache.

Torch alone is enough to compile and link against: neither its CUDA libraries nor a GPU are needed for that.
"""

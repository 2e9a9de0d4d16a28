# DO NOT DO THIS!

from example.module_a import foo

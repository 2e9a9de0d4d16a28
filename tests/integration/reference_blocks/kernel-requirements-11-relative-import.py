from .module_a import foo

"""`build.toml`: the model, and the reader that turns a file into it or into findings.

Import what you need from the modules: `kernel_builder.config.model`, `kernel_builder.config.reader`,
`kernel_builder.config.checks`.
"""

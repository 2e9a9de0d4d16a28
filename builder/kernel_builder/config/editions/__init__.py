"""The editions of the format: which one a file is, and how each becomes data of the one model.

- `kernel_builder.config.editions.detect`: tells the edition of a file by its marks.
- `kernel_builder.config.editions.lift`: turns the data of an edition into data of the model, one function a step.
- `kernel_builder.config.editions.components`: those steps, for `[kernel.<id>]`.
- `kernel_builder.config.editions.keys`: the keys of all editions, found also where they are misspelled.
- `kernel_builder.config.editions.moved`: where lifted data stands in the file.
"""

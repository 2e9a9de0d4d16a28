model = MyModel(...)
model = kernelize(model, mode=Mode.INFERENCE)

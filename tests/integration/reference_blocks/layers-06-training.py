model = MyModel(...)
model = kernelize(model, mode=Mode.TRAINING)

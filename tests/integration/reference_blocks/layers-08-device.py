model = MyModel(...)
model = kernelize(model, device="cuda", mode=Mode.INFERENCE)

.annotations = {"dev.bottle.bottles": "b, a"}

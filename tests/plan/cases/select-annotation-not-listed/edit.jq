.annotations = {"dev.bottle.bottles": "b"}

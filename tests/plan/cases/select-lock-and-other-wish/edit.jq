.annotations = {"dev.bottle.bottles": "other"}

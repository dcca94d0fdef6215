.annotations = {"dev.bottle.agent": "x"}

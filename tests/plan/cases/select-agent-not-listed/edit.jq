.annotations = {"dev.bottle.agent": "dev"}

.bottle.gate

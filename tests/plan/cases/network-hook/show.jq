.bottle.network

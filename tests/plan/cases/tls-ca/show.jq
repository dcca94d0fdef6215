.bottle.egress.routes

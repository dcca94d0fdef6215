.bottle.egress

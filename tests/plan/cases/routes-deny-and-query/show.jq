[.bottle.egress.routes[] | {matches, deny}]

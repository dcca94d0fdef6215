[.bottle.gate.repos[] | {name, push}]

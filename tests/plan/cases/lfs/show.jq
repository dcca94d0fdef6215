[.bottle.gate.repos[] | {name, lfs}]

{bottles: .bottle.bottles, env: [.bottle.env[] | select(test("^[ABC]="))], gate: .bottle.gate, hosts: [.bottle.egress.routes[].host], log: .bottle.egress.log, secrets: .bottle.secrets}

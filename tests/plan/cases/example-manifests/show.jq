{bottles: .bottle.bottles, hosts: [.bottle.egress.routes[].host], user: .bottle.gate.user_name, repos: [.bottle.gate.repos[].name]}

{limits: .bottle.egress.limits, routes: [.bottle.egress.routes[].limits]}

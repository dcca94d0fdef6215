{routes: .bottle.egress.routes, secrets: .bottle.secrets}

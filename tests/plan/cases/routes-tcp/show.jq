{routes: .bottle.egress.routes, notes}

{network: .bottle.network, notes}

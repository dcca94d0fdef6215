{network: .bottle.network, namespaces: .container.linux.namespaces}

{mounts: [.container.mounts[].destination], resolv_conf: .bottle.network.resolv_conf}

[.container.mounts[].destination]

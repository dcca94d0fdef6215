.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1879048192, size: 1000}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 1000}]

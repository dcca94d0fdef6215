.linux.devices = [{path: "/dev/x", type: "q"}]

.linux.devices = [{path: "/dev/kvm", type: "c", major: 10, minor: 232}]

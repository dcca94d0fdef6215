.linux.netDevices = {"eth9": {"name": "eth1"}}

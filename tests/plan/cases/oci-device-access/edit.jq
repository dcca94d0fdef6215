.linux.resources.devices = [{allow: true}]

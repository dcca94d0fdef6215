.linux.resources.devices = [{allow: true, access: "rwm"}]

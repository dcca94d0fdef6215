.process.capabilities.ambient = ["cap_bpf"]

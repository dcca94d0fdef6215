.mounts += [{destination: "data", type: "tmpfs", source: "tmpfs"}]

.mounts += [{destination: "/x", type: "tmpfs", source: "/dev/shm"}]

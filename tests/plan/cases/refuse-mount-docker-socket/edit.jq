.mounts += [{destination: "/x", type: "bind", source: "/var/run/docker.sock", options: ["rbind"]}]

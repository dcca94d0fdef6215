.mounts += [{destination: "/x", type: "bind", source: "/sys", options: ["rbind"]}]

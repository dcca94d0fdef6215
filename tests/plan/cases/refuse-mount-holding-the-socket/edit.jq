.mounts += [{destination: "/x", type: "bind", source: "/run", options: ["rbind"]}]

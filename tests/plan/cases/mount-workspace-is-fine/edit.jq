.mounts += [{destination: "/x", type: "bind", source: "work", options: ["rbind"]}]

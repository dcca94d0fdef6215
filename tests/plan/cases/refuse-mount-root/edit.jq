.mounts += [{destination: "/x", type: "bind", source: "/", options: ["rbind"]}]

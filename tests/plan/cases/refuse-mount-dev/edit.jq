.mounts += [{destination: "/x", type: "bind", source: "/dev/null", options: ["rbind"]}]

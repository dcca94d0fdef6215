.mounts += [{destination: "/x", type: "bind", source: $case, options: ["rbind"]}]

.mounts += [{destination: "/x", type: "bind", source: ($case + "/home/bottles"), options: ["rbind"]}]

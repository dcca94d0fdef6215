.mounts += [{destination: "/x", type: "bind", source: ($case + "/home/state/other"), options: ["rbind"]}]

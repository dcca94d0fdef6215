.mounts += [{destination: "/x", type: "bind", source: ($case + "/run/c0"), options: ["rbind"]}]

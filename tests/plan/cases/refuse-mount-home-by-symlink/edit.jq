.mounts += [{destination: "/x", type: "bind", source: ($case + "/innocent"), options: ["rbind"]}]

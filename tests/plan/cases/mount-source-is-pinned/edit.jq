.mounts += [{destination: "/x", type: "bind", source: ($case + "/link/../link"), options: ["rbind"]}]

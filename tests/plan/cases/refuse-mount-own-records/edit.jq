.mounts += [{destination: "/x", type: "bind", source: "/run/bottle-shim.cache", options: ["rbind"]}]

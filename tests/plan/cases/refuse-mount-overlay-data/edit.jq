.mounts += [{destination: "/x", type: "overlay", source: "overlay", options: ["lowerdir+=/usr", "datadir+=/sys"]}]

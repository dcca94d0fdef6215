.mounts += [{destination: "/x", type: "bind"}]

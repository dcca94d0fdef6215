.mounts += [{destination: "/x", type: "overlay", source: "overlay", options: ["lowerdir=/usr:/s\\ys"]}]

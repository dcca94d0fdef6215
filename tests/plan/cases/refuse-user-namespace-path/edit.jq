.linux.namespaces |= map(select(.type != "user")) | .linux.namespaces += [{type: "user", path: "/proc/1/ns/user"}]

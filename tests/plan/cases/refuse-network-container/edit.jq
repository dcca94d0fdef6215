.linux.namespaces |= map(select(.type != "network")) | .linux.namespaces += [{type: "network", path: "/proc/4194305/ns/net"}]

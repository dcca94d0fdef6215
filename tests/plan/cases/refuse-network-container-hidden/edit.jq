.linux.namespaces |= map(select(.type != "network")) | .linux.namespaces += [{type: "network", path: ($case + "/link/ns/of-another")}]

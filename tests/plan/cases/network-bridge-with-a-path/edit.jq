.linux.namespaces |= map(if .type == "network" then .path = "/run/netns/pod" else . end)

.linux.namespaces |= map(select(.type != "network"))

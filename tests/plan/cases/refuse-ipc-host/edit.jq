.linux.namespaces |= map(select(.type != "ipc"))

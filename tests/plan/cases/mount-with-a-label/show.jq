[.container.mounts[] | select(.destination == "/x") | .source]

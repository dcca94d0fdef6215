{sys: [.container.mounts[]? | select(.type == "sysfs")]} + (.container.linux | {maskedPaths, readonlyPaths})

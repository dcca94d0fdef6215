del(.linux.seccomp)

.linux.seccomp = {}

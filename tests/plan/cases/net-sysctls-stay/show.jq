.container.linux.sysctl

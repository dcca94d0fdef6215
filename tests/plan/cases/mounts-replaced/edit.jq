.mounts[2].destination = "/etc/./x/..//resolv.conf"

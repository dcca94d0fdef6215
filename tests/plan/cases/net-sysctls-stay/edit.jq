.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "0"}

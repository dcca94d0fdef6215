.hooks.prestart = [{path: "/proc/1/exe", args: ["libnetwork-setkey", "-exec-root=/var/run/docker", "id", "x"]}]

.linux.resources.unified = {"../cgroup.procs": "1"}

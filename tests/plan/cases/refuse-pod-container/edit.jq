.annotations = {"io.kubernetes.cri.container-type": "container"}

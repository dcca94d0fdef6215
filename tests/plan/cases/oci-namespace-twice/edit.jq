.linux.namespaces += [{type: "pid"}]

.linux.namespaces += [{type: "pit"}]

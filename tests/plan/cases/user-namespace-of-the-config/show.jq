.container.linux | {namespaces, uidMappings, gidMappings}

.linux.rootfsPropagation = "sideways"

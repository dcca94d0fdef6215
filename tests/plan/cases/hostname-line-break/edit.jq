.hostname = "box\n198.19.255.1 evil"

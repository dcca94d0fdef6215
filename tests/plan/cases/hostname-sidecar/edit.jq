.hostname = "Egress"

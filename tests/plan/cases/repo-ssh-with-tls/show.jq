.bottle.gate.repos[0] | {transport, tls_ca}

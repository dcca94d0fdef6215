{routes: [.bottle.egress.routes[] | {tls_ca, tls_cert, tls_key_slot}], secrets: .bottle.secrets}

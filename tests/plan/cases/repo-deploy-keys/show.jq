{keys: .bottle.deploy_keys, slots: [.bottle.gate.repos[] | {name, identity_slot}], secrets: .bottle.secrets}

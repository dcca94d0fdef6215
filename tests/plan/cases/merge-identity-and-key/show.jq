{keys: .bottle.deploy_keys, secrets: [.bottle.secrets[].slot]}

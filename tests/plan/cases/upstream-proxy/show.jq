{proxy: .bottle.egress.proxy, secrets: [.bottle.secrets[].name] | map(select(test("PROXY")))}

{canary: .bottle.canary, added: .bottle.env, process: .container.process.env}

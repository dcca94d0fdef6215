{names: .bottle.egress.agent_names, hosts: .bottle.files[0].text}

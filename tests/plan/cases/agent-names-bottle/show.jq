{agent: .bottle.agent, bottles: .bottle.bottles, gate: .bottle.gate}

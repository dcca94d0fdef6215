{gate: .bottle.gate, secrets: .bottle.secrets, gitconfig: [.bottle.files[] | select(.path | endswith("gitconfig"))]}

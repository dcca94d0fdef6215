{files: .bottle.files, env: [.bottle.env[] | select(test("CERT|CA|GIT_CONFIG"))]}

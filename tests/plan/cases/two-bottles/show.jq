{bottles: .bottle.bottles, env: [.bottle.env[] | select(test("^[AB]="))]}

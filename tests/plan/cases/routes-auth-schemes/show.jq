{routes: [.bottle.egress.routes[] | del(.dlp, .git_fetch, .port)], secrets: .bottle.secrets, env: [.bottle.env[] | select(test("KEY|CLAUDE"))]}

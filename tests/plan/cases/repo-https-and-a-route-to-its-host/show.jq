[.bottle.files[] | select(.path | endswith("gitconfig")) | .text | split("\n")[] | select(test("https://git.example.com/team/app([-.z]|.git)?\""))]

.future = {a: 1} | .linux.future = 1 | .process.future = []

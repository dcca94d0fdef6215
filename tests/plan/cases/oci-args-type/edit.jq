.process.args = ["sh", 5]

.process.env += ["BOTTLE=b"]

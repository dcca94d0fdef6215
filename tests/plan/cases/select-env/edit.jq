.process.env += ["BOTTLE=b", "BOTTLE_AGENT=dev"]

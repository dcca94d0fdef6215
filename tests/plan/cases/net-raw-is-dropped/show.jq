{caps: .container.process.capabilities, notes}

.container.process.args

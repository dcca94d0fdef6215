.container.process.rlimits

.process.rlimits = [{type: "RLIMIT_HOPE", soft: 0, hard: 0}]

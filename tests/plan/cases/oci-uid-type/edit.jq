.process.user.uid = "root"

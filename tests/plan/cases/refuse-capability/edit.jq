.process.capabilities.bounding += ["CAP_SYS_ADMIN"]

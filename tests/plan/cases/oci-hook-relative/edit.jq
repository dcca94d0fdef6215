.hooks.poststop = [{path: "sh"}]

[.bottle.files[].path]

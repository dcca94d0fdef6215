[.bottle.files[] | {path, text}]

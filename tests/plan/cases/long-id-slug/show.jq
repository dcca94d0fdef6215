.bottle.slug

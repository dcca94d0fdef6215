[.bottle.egress.routes[] | {host, dlp}]

[.bottle.egress | {proxy, limits}, (.routes[] | {host, auth_scheme, deny, n: (.matches // [] | length)})]

"""Whether the last request of RECORD (tests/lib/credential_origin.py) is signed as botocore would sign it with the
keys of these files: aws_check.py RECORD HOST KEY-FILE SECRET-FILE; says "right" or what is wrong.
"""
import json
import re
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def main():
    record, host, *files = sys.argv[1:]
    key, secret = (open(f).read().strip() for f in files)
    seen = json.loads(open(record).read().splitlines()[-1])
    method, target, _ = seen["line"].split(" ")
    fields = {}
    for name, value in seen["fields"]:
        fields.setdefault(name.lower(), []).append(value)
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                         r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", ",".join(fields["authorization"]))
    if not found:
        return "no signature of ours"
    used, day, region, service, names, signature = found.groups()
    if used != key:
        return "signed with another key"
    body = seen["body"].encode("latin-1")
    request = AWSRequest(method=method, url=f"https://{host}{target}", data=body)
    for name in names.split(";"):
        for value in fields[name]:
            request.headers.add_header(name, value)
    request.context["timestamp"] = fields["x-amz-date"][0]
    if not fields["x-amz-date"][0].startswith(day):
        return "another day's"
    missing = [n for n in fields if n.startswith("x-amz-") and n not in names.split(";")]
    if missing:
        return f"not signed: {missing}"
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    auth = kind(Credentials(key, secret), service, region)
    canonical = auth.canonical_request(request)
    if auth.signature(auth.string_to_sign(request, canonical), request) == signature:
        return "right"
    return f"wrong; botocore's canonical request:\n{canonical}"


print(main())

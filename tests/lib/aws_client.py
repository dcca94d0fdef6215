"""An agent that speaks to AWS by botocore, with keys of no worth: aws_client.py KEY PROXY WHAT

WHAT: table (DynamoDB), get, list, put, upload (in signed frames with a checksum behind them), long (the same, of
3 MiB), presigned (prints a URL). CA and proxy are as its environment says.
"""
import io
import sys

import botocore.session
from botocore.config import Config

key, proxy, what = sys.argv[1:]
config = Config(proxies={"https": proxy}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"},
                read_timeout=60)


def client(service):
    return botocore.session.get_session().create_client(
        service, region_name="eu-west-3", endpoint_url=f"https://{service}.example.com", aws_access_key_id=key,
        aws_secret_access_key="of-no-worth", config=config)


NAME = "a b/c+d(1)~é//e"
if what == "table":
    client("dynamodb").list_tables(Limit=3)
elif what == "get":
    client("s3").get_object(Bucket="bucket", Key=NAME, Range="bytes=0-9", ResponseContentType="a/b; c=d+e")
elif what == "list":
    client("s3").list_objects_v2(Bucket="bucket", Prefix="a b/+", Delimiter="/")
elif what == "put":
    client("s3").put_object(Bucket="bucket", Key=NAME, Body=b"hello", Metadata={"one": "1  2"})
elif what in ("upload", "long"):
    body = b"hello" if what == "upload" else b"x" * (3 << 20)
    client("s3").put_object(Bucket="bucket", Key=NAME, Body=io.BytesIO(body), ChecksumAlgorithm="CRC32")
elif what == "presigned":
    print(client("s3").generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": NAME}))

"""One request by a client of Python: client.py CLIENT URL [SECRET]; prints the status that it was told.

None has a setting beyond what its documentation says for programs that live behind a proxy.
"""
import asyncio
import sys
import urllib.error
import urllib.request


def with_urllib(url, headers, body):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60).status
    except urllib.error.HTTPError as e:
        return e.code


def with_requests(url, headers, body):
    import requests
    with requests.Session() as session:
        return session.request("POST" if body else "GET", url, data=body, headers=headers, timeout=60).status_code


def with_httpx(url, headers, body, two=False):
    import httpx
    with httpx.Client(http2=two, timeout=60) as client:
        return client.request("POST" if body else "GET", url, content=body, headers=headers).status_code


def with_httpx2(url, headers, body):
    return with_httpx(url, headers, body, True)


async def aiohttp_get(url, headers, body, from_environment):
    import aiohttp
    async with aiohttp.ClientSession(trust_env=from_environment) as session:
        async with session.request("POST" if body else "GET", url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status


def with_aiohttp(url, headers, body):
    return asyncio.run(aiohttp_get(url, headers, body, False))


def with_aiohttp_env(url, headers, body):
    """It reads the proxy variables when it is told to."""
    return asyncio.run(aiohttp_get(url, headers, body, True))


async def websocket(url, secret):
    import websockets
    try:
        async with websockets.connect(url.replace("http", "ws", 1), open_timeout=60) as ws:
            await ws.send("hello" + secret)
            said = await ws.recv()
            return 200 if said == "heard hello" else f"heard {len(said)} letters"
    except websockets.InvalidStatusCode as e:
        return e.status_code
    except websockets.ConnectionClosed as e:
        return 403 if e.code == 1008 else f"closed with {e.code}"


def with_websockets(url, headers, body):
    return asyncio.run(websocket(url, (body or b"").decode()))


def with_grpc(url, headers, body):
    """url: https://HOST/METHOD"""
    import grpc
    host, _, method = url.removeprefix("https://").partition("/")
    metadata = [(k.lower(), v) for k, v in headers.items()]
    with grpc.secure_channel(f"{host}:443", grpc.ssl_channel_credentials()) as channel:
        try:
            if "Count" in method:
                got = list(channel.unary_stream("/" + method)(b"n" + (body or b""), timeout=60, metadata=metadata))
                return 200 if got == [b"n1", b"n2", b"n3"] else f"got {len(got)} messages"
            got, call = channel.unary_unary("/" + method).with_call(b"hi" + (body or b""), timeout=60, metadata=metadata)
            trailers = dict(call.trailing_metadata())
            return 200 if got == b"heard hi" and trailers.get("x-trailer") == "came" else f"{trailers}"
        except grpc.RpcError as e:
            return 403 if e.code() is grpc.StatusCode.PERMISSION_DENIED else f"{e.code()} {e.details()}"


def main():
    client, url, *secret = sys.argv[1:]
    headers, body = {}, None
    if secret and secret[0]:
        if client in ("urllib", "requests", "websockets", "grpc"):
            body = b"a secret: " + secret[0].encode()
        else:
            headers = {"X-Note": secret[0]}
    print(globals()["with_" + client](url, headers, body))


main()

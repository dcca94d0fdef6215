"""Writes what tools make of a file, in DIR: found/ holds the token, clean/ does not, closed/ cannot be read."""
import base64
import gzip
import io
import lzma
import os
import random
import subprocess
import sys
import tarfile
import zipfile
import zlib
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'


class Pipe(io.RawIOBase):
    """What cannot seek: sizes are written behind the data."""

    def __init__(self):
        super().__init__()
        self.data = b''

    def writable(self):
        return True

    def write(self, piece):
        self.data += bytes(piece)
        return len(piece)


def zipped(text, method=zipfile.ZIP_DEFLATED, pipe=False, force_zip64=False):
    to = Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(to, 'w', method) as z:
        z.writestr('README', b'nothing in here')
        with z.open('folder/settings.ini', 'w', force_zip64=force_zip64) as f:
            f.write(text)
    return to.data if pipe else to.getvalue()


def tarred(text, form):
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode='w', format=form) as t:
        for name, data in (('README', b'nothing in here'), ('x' * 90 + '/' + 'y' * 60, text)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return to.getvalue()


def tool(command, text):
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True).stdout


def mail(text):
    inner = MIMEMultipart()
    inner.attach(MIMEText('ünd'))
    part = MIMEText(text.decode(), 'plain', 'utf-8')
    inner.attach(part)
    outer = MIMEMultipart()
    outer.attach(inner)
    # From the first boundary on.
    whole = outer.as_bytes()
    return whole[whole.index(b'\n--') + 1:]


def in_a_stream(text):
    c = zlib.compressobj(9, zlib.DEFLATED, 15)
    return c.compress(text) + c.flush(zlib.Z_SYNC_FLUSH)


def bare(text):
    c = zlib.compressobj(6, zlib.DEFLATED, -15)
    return c.compress(text) + c.flush()


MADE = {
    'deflate-bare': bare,
    'gzip': gzip.compress,
    'gzip-stored': lambda t: gzip.compress(t, 0),
    'gzip-halves': lambda t: gzip.compress(t[:len(t) // 2]) + gzip.compress(t[len(t) // 2:]),
    'zlib': zlib.compress,
    'zstd': lambda t: tool(['zstd', '-c', '-q'], t),
    'zstd-19': lambda t: tool(['zstd', '-19', '-c', '-q', '--no-check'], t),
    'zip': zipped,
    'zip-stored': lambda t: zipped(t, zipfile.ZIP_STORED),
    'zip-pipe': lambda t: zipped(t, pipe=True),
    'zip-pipe-stored': lambda t: zipped(t, zipfile.ZIP_STORED, pipe=True),
    'zip64': lambda t: zipped(t, force_zip64=True),
    'zip64-pipe': lambda t: zipped(t, pipe=True, force_zip64=True),
    'tar-ustar': lambda t: tarred(t, tarfile.USTAR_FORMAT),
    'tar-gnu': lambda t: tarred(t, tarfile.GNU_FORMAT),
    'tar-pax': lambda t: tarred(t, tarfile.PAX_FORMAT),
    'utf16': lambda t: t.decode().encode('utf-16'),
    'utf16-bare': lambda t: t.decode().encode('utf-16-le'),
    'utf16-big': lambda t: t.decode().encode('utf-16-be'),
    'utf32': lambda t: t.decode().encode('utf-32'),
    'utf32-big': lambda t: t.decode().encode('utf-32-be'),
    'mail': mail,
    'tgz': lambda t: gzip.compress(tarred(t, tarfile.GNU_FORMAT)),
    'zip-in-gzip-in-base64': lambda t: base64.encodebytes(gzip.compress(zipped(t))),
    'base64-in-zip-in-zstd': lambda t: tool(['zstd', '-c', '-q'], zipped(base64.b64encode(t))),
    'utf16-in-tar-in-zip': lambda t: zipped(tarred(t.decode().encode('utf-16'), tarfile.PAX_FORMAT)),
    'gzip-behind-gzip': lambda t: gzip.compress(b'nothing in here') + b'\0\0' + t,
    'zip-in-zip-in-zip': lambda t: zipped(zipped(zipped(t), zipfile.ZIP_STORED)),
}

# Found, and unreadable behind it.
OPEN_END = {
    'zlib-unfinished': in_a_stream,
    'gzip-cut': lambda t: gzip.compress(t)[:-4],
}

CLOSED = {
    'xz': lzma.compress,
    'bzip2': lambda t: tool(['bzip2', '-c'], t),
    'zip-bzip2': lambda t: zipped(t, zipfile.ZIP_BZIP2),
    'openssl': lambda t: tool(['openssl', 'enc', '-aes-256-cbc', '-pbkdf2', '-pass', 'pass:x'], t),
    'gzip-cut': lambda t: gzip.compress(t)[:-20],
    'gzip-bomb': lambda t: gzip.compress(b'\0' * (64 << 20)),
    'zip-bomb': lambda t: zipped(b'\0' * (64 << 20)),
    'zstd-bomb': lambda t: tool(['zstd', '-19', '-c', '-q'], b'\0' * (256 << 20)),
}


def write(where, made, text):
    os.makedirs(where)
    for name, make in made.items():
        with open(f'{where}/{name}', 'wb') as f:
            f.write(make(text))


def main():
    to, seed = sys.argv[1], int(sys.argv[2])
    r = random.Random(seed)
    token = 'glp' 'at-' + ''.join(r.choice(ALNUM) for _ in range(20))
    lines = [f'setting_{i} = {r.choice(["yes", "no", "perhaps"])}' for i in range(200)]
    clean = '\n'.join(lines).encode()
    lines[r.randrange(len(lines))] = f'key = {token}'
    text = '\n'.join(lines).encode()
    write(f'{to}/found', MADE | OPEN_END, text)
    write(f'{to}/clean', MADE, clean)
    write(f'{to}/closed', CLOSED, clean)


main()

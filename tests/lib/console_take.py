"""console_take.py SOCKET: takes the master of a terminal as an engine does; prints its name, what it
is, and what the container writes to it until the end."""
import array, os, socket, sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(1)
print("ready", flush=True)
server.settimeout(60)
connection, _ = server.accept()
name, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
fds = array.array("i")
for level, kind, data in ancillary:
    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
        fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
if not fds:
    sys.exit("nothing came: " + repr(name))
st = os.fstat(fds[0])
print("name", name.decode(), "fds", len(fds), "device", f"{os.major(st.st_rdev)}:{os.minor(st.st_rdev)}", flush=True)
while True:
    try:
        data = os.read(fds[0], 4096)
    except OSError:
        break
    if not data:
        break
    sys.stdout.write(data.decode(errors="replace").replace("\r", ""))
    sys.stdout.flush()

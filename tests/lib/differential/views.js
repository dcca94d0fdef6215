// How node reads HTTP/1: views.js DIR
//	DIR/node.sock	a server: tells each request that it sees in a field X-Seen of its answer, in hex:
//			{"m": method, "t": target, "h": host, "b": body in hex}
//	DIR/answer.sock	answers: who connects sends the bytes of an upstream's answer and ends; a line comes
//			back, {"s": status, "b": body in hex} or {"e": what is wrong}
//	DIR/url.sock	a URL; a line comes back, its host and path as WHATWG's URL reads it, or an empty one
'use strict';
const http = require('http'), net = require('net'), { Duplex } = require('stream');
const dir = process.argv[2];

function collect(stream, done) {
	const parts = [];
	stream.on('data', d => parts.push(d));
	stream.on('end', () => done(Buffer.concat(parts)));
}

http.createServer({ keepAliveTimeout: 20000, maxHeaderSize: 65536 }, (request, response) => {
	collect(request, body => {
		// As node 20 does by itself; Debian's 18 takes it (RFC 9112, 3.2: a server must not).
		if (request.httpVersion === '1.1' && request.headers.host === undefined) {
			response.writeHead(400, { Connection: 'close' });
			response.end();
			return;
		}
		const seen = JSON.stringify({ m: request.method, t: request.url,
			h: request.headers.host || '', b: body.toString('hex') });
		response.setHeader('X-Seen', Buffer.from(seen).toString('hex'));
		response.end();
	});
}).listen(dir + '/node.sock');

function readAnswer(bytes, tell) {
	const upstream = new Duplex({ read() {}, write(chunk, encoding, next) { next(); } });
	const request = http.request({ createConnection: () => upstream, host: 'x', path: '/' });
	request.on('response', response => {
		response.on('error', e => tell({ e: e.message }));
		collect(response, body => {
			// Debian's node 18 reads one where there is none (RFC 9112, 6.3), and is no witness then.
			if ([204, 304].includes(response.statusCode) && body.length > 0)
				tell({ e: 'a body of ' + response.statusCode });
			else
				tell(response.complete
					? { s: response.statusCode, b: body.toString('hex') } : { e: 'not whole' });
		});
	});
	request.on('upgrade', () => tell({ e: 'upgrade' }));
	request.on('error', e => tell({ e: e.message }));
	request.end();
	upstream.push(bytes);
	upstream.push(null);
}

net.createServer({ allowHalfOpen: true }, socket => {
	socket.on('error', () => {});
	collect(socket, bytes => {
		let told = false;
		readAnswer(bytes, what => {
			if (!told)
				socket.end(JSON.stringify(what) + '\n');
			told = true;
		});
	});
}).listen(dir + '/answer.sock');

net.createServer({ allowHalfOpen: true }, socket => {
	socket.on('error', () => {});
	collect(socket, bytes => {
		let read = '';
		try {
			const url = new URL(bytes.toString('latin1'));
			read = url.hostname + ' ' + url.pathname;
		} catch (e) {
			// It is none.
		}
		socket.end(read + '\n');
	});
}).listen(dir + '/url.sock', () => console.log('listening'));

// One request by a client of node: client.js CLIENT URL [SECRET]; prints the status that it was told.
'use strict';
const [client, url, secret] = process.argv.slice(2);
const headers = secret ? { 'x-note': secret } : {};
const body = secret ? 'a secret: ' + secret : undefined;
const method = secret ? 'POST' : 'GET';

const clients = {
	async https() {
		return new Promise((resolve, reject) => {
			require('https').get(url, { headers }, r => r.resume().on('end', () => resolve(r.statusCode)))
				.on('error', reject);
		});
	},
	async fetch() {
		const r = await fetch(url, { method, body });
		await r.text();
		return r.status;
	},
	async undici() {
		const r = await require('undici').request(url, { headers });
		await r.body.text();
		return r.statusCode;
	},
	async axios() {
		return (await require('axios').request({ url, method, data: body, validateStatus: null })).status;
	},
	async http2() {
		const at = new URL(url);
		const session = require('http2').connect(at.origin);
		return new Promise((resolve, reject) => {
			session.on('error', reject);
			const r = session.request({ ':path': at.pathname, ...headers });
			r.on('error', reject).on('response', h => {
				r.resume().on('end', () => { session.close(); resolve(h[':status']); });
			}).end();
		});
	},
	async ws() {
		const WebSocket = require('ws');
		return new Promise((resolve, reject) => {
			const ws = new WebSocket(url.replace('http', 'ws'));
			ws.on('open', () => ws.send('hello' + (secret || '')));
			ws.on('message', m => { ws.close(); resolve(String(m) === 'heard hello' ? 200 : 'heard something else'); });
			ws.on('unexpected-response', (_, r) => resolve(r.statusCode));
			ws.on('close', code => resolve(code === 1008 ? 403 : 'closed with ' + code));
			ws.on('error', reject);
		});
	},
	// What EventSource is made of: a stream that is read event by event.
	async events() {
		const r = await fetch(url, { headers: { accept: 'text/event-stream', ...headers } });
		const events = (await r.text()).split('\n').filter(l => l.startsWith('data: event')).length;
		return secret || events === 3 ? r.status : events + ' events';
	},
	// A package as npm gets it: its document, then its archive, whose checksum stands in it.
	async registry() {
		const r = await fetch(url, { headers: { accept: 'application/vnd.npm.install-v1+json', ...headers } });
		if (r.status !== 200)
			return r.status;
		const { dist } = (await r.json()).versions['1.0.0'];
		const bytes = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer());
		const sum = require('crypto').createHash('sha512').update(bytes).digest('base64');
		return 'sha512-' + sum === dist.integrity ? 200 : 'another archive';
	},
};

clients[client]().then(
	status => { console.log(status); process.exit(0); },
	e => { console.log(e.message, e.cause ? e.cause.message : ''); process.exit(1); });

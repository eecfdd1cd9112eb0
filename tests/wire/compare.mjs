// The cases of cases.mjs sent to this server, to nginx and to Node's http server,
// and a table of what each of them answers:
//	tests/wire/compare [--differ] [--cases PATTERN]
// nginx serves the same files, and passes requests for the API on to another
// nginx, so that it has to read bodies; Node's server reads them and answers as
// nginx does.  Cases marked "ours" ask for what only our app has: the table
// shows them, the totals leave them out.
//	✓ agrees with what is expected; a dot closes the connection; … is silence
//
// nginx is not needed for anything else in tests/: apt install nginx-light.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readOptions } from '../crash/options.mjs';
import { Server } from '../lib/server.mjs';
import { app, files, words } from './app.mjs';
import { fill } from './cases.mjs';
import { sleep, Talk } from './talk.mjs';

const options = readOptions({ differ: false, cases: '.' });
const AT_ONCE = 32;

if (spawnSync('nginx', ['-v']).error) {
	console.error('there is no nginx; on Debian: apt install nginx-light');
	process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'caisson-compare-'));
for (const [path, text] of Object.entries(files)) {
	mkdirSync(dirname(join(folder, path)), { recursive: true });
	writeFileSync(join(folder, path), text);
}
const ours = await Server.start(app, { files });
const nginx = await startNginx();
const node = await startNode();
try {
	const servers = [['ours', ours.port], ['nginx', nginx.port], ['Node', node.address().port]];
	const columns = [];
	for (const [name, port] of servers)
		columns.push({ name, outcomes: await outcomesOf(port) });
	print(columns);
} finally {
	nginx.child.kill('SIGQUIT');
	node.close();
	node.closeAllConnections();
	await ours.release().catch((error) => console.error(error.message));
	await sleep(100);
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/* --- the others ------------------------------------------------------- */

function freePort() {
	return new Promise((found) => {
		const server = net.createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => found(port));
		});
	});
}

async function startNginx() {
	const port = await freePort(), behind = await freePort(), at = (name) => join(folder, name);
	writeFileSync(at('nginx.conf'), `
		daemon off; master_process off; pid ${at('pid')}; error_log ${at('error.log')} crit;
		events { worker_connections 4096; }
		http {
			access_log off;
			types { text/html html; text/plain txt; }
			client_body_temp_path ${at('body')}; proxy_temp_path ${at('proxy')}; fastcgi_temp_path ${at('fastcgi')};
			uwsgi_temp_path ${at('uwsgi')}; scgi_temp_path ${at('scgi')};
			server {
				listen 127.0.0.1:${port};
				root ${at('public')};
				location /v1/ { proxy_pass http://127.0.0.1:${behind}; }
			}
			server {
				listen 127.0.0.1:${behind};
				location / { if ($request_method = POST) { return 201 "made"; } return 200 "read"; }
			}
		}`);
	const child = spawn('nginx', ['-c', at('nginx.conf'), '-p', folder, '-e', at('error.log')], { stdio: ['ignore', 'inherit', 'inherit'] });
	await until(port);
	return { port, child };
}

async function until(port) {
	for (let i = 0; i < 100; i++, await sleep(50)) {
		const talk = await Talk.open(port).catch(() => null);
		if (talk === null)
			continue;
		talk.close();
		return;
	}
	throw new Error('nginx does not start');
}

function startNode() {
	const read = (path) => {
		try {
			return readFileSync(join(folder, 'public', path.endsWith('/') ? `${path}index.html` : path));
		} catch {
			return null;
		}
	};
	const server = http.createServer((request, response) => {
		request.on('error', () => {}).resume().on('end', () => {
			const [path] = request.url.split('?');
			if (path.startsWith('/v1/'))
				return response.writeHead(request.method === 'POST' ? 201 : 200).end('made');
			const bytes = read(path);
			if (bytes === null)
				return response.writeHead(404).end('not here');
			const { mtime } = statSync(join(folder, 'public'));
			return response.writeHead(200, { etag: '"a file"', 'last-modified': mtime.toUTCString() }).end(bytes);
		});
	});
	return new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(server)));
}

/* --- the table --------------------------------------------------------- */

async function outcomesOf(port) {
	const outcomes = new Map(), rest = fill(await words(port)).filter(({ name }) => new RegExp(options.cases).test(name));
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		for (let each; (each = rest.shift()) !== undefined;)
			outcomes.set(each.name, { each, ...await outcomeOf(port, each) });
	}));
	return outcomes;
}

async function outcomeOf(port, each) {
	const talk = await Talk.open(port);
	try {
		const said = await talk.say([each.bytes], { probe_ms: each.probe === false ? null : 200, quiet_ms: 1500, heads: each.heads });
		return { statuses: said.answers.map(({ status }) => status).filter((status) => status !== 100), fate: said.fate };
	} finally {
		talk.close();
	}
}

function isSame(a, b) {
	return a.fate === b.fate && a.statuses.join() === b.statuses.join();
}

function isExpected({ each, statuses, fate }) {
	return statuses.join() === each.statuses.join() && (fate === each.fate || each.fate === 'either');
}

/* nginx and Node may refuse or serve with another status of the same class. */
function isSameClass(a, b) {
	const classes = ({ statuses }) => statuses.map((status) => Math.floor(status / 100)).join();
	return classes(a) === classes(b) && a.fate === b.fate;
}

function print(columns) {
	const [first, ...others] = columns, totals = others.map(() => ({ same: 0, alike: 0 }));
	let compared = 0, expected = 0;
	for (const [name, mine] of first.outcomes) {
		const theirs = others.map(({ outcomes }) => outcomes.get(name));
		expected += isExpected(mine);
		if (!mine.each.ours) {
			compared++;
			theirs.forEach((their, i) => {
				totals[i].same += isSame(mine, their);
				totals[i].alike += isSameClass(mine, their);
			});
		}
		if (options.differ && (mine.each.ours || theirs.every((their) => isSameClass(mine, their))))
			continue;
		console.log([(isExpected(mine) ? '✓ ' : '✗ ') + told(mine).padEnd(14), ...theirs.map((their) => told(their).padEnd(14)), mine.each.ours ? 'ours ' : '     ', name].join(' '));
	}
	console.log(`\n${first.outcomes.size} cases; ours are as expected in ${expected}; compared: ${compared}`);
	others.forEach(({ name }, i) => console.log(`${name}: the same statuses and fate in ${totals[i].same}, of the same classes in ${totals[i].alike}`));
}

function told({ statuses, fate }) {
	const runs = [];
	for (const status of statuses) {
		if (runs.at(-1)?.status === status)
			runs.at(-1).count++;
		else
			runs.push({ status, count: 1 });
	}
	return runs.map(({ status, count }) => (count > 1 ? `${status}×${count}` : `${status}`)).join(' ') + { kept: '', closed: '.', silent: '…' }[fate];
}

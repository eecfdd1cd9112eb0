// The command line: check and its mistakes, keys, limits, help, exit status.

import assert from 'node:assert/strict';
import test from 'node:test';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api, refused } from '../lib/api.mjs';
import { freshDatabase } from '../lib/database.mjs';
import { binary, makeFolder, root, run, Server } from '../lib/server.mjs';
import { testApps } from '../lib/apps.mjs';
import { boards } from '../lib/two_boards.mjs';

const COMMANDS = run(['--help']).stdout.split('Commands:\n')[1].split('\n\n')[0].split('\n').map((line) => line.trim().split(' ')[0]);

function withText(text, told) {
	const folder = mkdtempSync(join(tmpdir(), 'caisson-test-'));
	writeFileSync(join(folder, 'caisson.yaml'), text);
	try {
		return told(folder);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function checks(text) {
	return withText(text, (folder) => {
		const ran = run(['check', '-C', folder]);
		const mistakes = [...ran.stderr.matchAll(/^(?:\S*\/)?caisson\.yaml:(\d+):(\d+): error: (.+)$/gm)].map(([, line, column, message]) => ({ at: `${line}:${column}`, message }));
		return { ...ran, mistakes };
	});
}

const GOOD = `app: good
collections:
  things:
    fields:
      name: { type: text, required: true }
    access: { read: true, create: auth.id != null }
`;

test('every command has help, on standard output, with an example', () => {
	for (const args of [['--help'], ...COMMANDS.map((command) => [command, '--help']), ['key', 'add', '--help']]) {
		const ran = run(args);
		assert.equal(ran.status, 0, args.join(' '));
		assert.match(ran.stdout, /usage/i);
		assert.match(ran.stdout, /caisson/);
		assert.equal(ran.stderr, '');
	}
	for (const command of ['serve', 'plan', 'apply', 'key', 'can'])
		assert.ok(COMMANDS.includes(command), command);
});

test('wrong usage is exit 2, on standard error', () => {
	for (const args of [[], ['nonsense'], ['serve', '--nonsense'], ['serve', 'a', 'b'], ['serve', '--listen'],
		['serve', '--limit', 'nonsense=1'], ['serve', '--limit', 'body_size=x'], ['serve', '--limit', 'body_size'], ['key'], ['key', 'nonsense'], ['key', 'revoke'], ['check', '--nonsense'],
		['plan', '--jso'], ['plan', 'x'], ['plan', '--write', 'No!'], ['apply', '--allow'], ['apply', '--yes=1'], ['can', 'guest', 'read'], ['can', '--rol', 'x', 'guest', 'read', 'things'], ['can', '--why=1', 'a', 'b', 'c'],
		 ['--nonsense'], ['-C']]) {
		const ran = run(args);
		assert.equal(ran.status, 2, `${args.join(' ')}: ${ran.status} ${ran.stderr}`);
		assert.notEqual(ran.stderr, '');
		assert.equal(ran.stdout, '', args.join(' '));
	}
});

test('options are written whole, with or without =, anywhere; behind -- there are none', () => {
	withText(GOOD, (folder) => {
		assert.equal(run(['check', '--js', '-C', folder]).status, 2);
		assert.equal(run(['check', '--json=yes', '-C', folder]).status, 2);
		assert.equal(run(['check', '--json', '-C', folder]).status, 0);
		assert.equal(run(['-C', folder, 'check', '--json']).status, 0);
		assert.equal(run(['check', `-C${folder}`]).status, 0);
		assert.match(run(['check', '--', '--json'], { cwd: folder }).stderr, /one word too many/);
		assert.match(run(['serve', '--', '-C'], { cwd: folder }).stderr, /-C: No such file/);
		assert.equal(run(['serve', '--limit=body_size=x', folder]).status, 2);
	});
});

test('what is misspelled gets the nearest word', () => {
	for (const [args, near] of [[['serv'], 'serve'], [['serve', '--lisen', 'a'], '--listen'], [['key', 'lst'], 'list'], [['completion', 'bsh'], 'bash']]) {
		const ran = run(args);
		assert.equal(ran.status, 2);
		assert.ok(ran.stderr.includes(`Did you mean ${near}?`), ran.stderr);
	}
	assert.ok(!run(['zzzzzzz']).stderr.includes('Did you mean'));
});

test('an address or a database that cannot be is wrong usage', () => {
	for (const args of [['serve', '--listen', '8933'], ['serve', '--listen', ''], ['serve', '--listen', '127.0.0.1:x'], ['serve', '--database', 'mysql://x'], ['key', 'list', '--database', 'x']])
		assert.equal(run(args).status, 2, args.join(' '));
});

test('init makes an app that serves, once', { timeout: 60000 }, async () => {
	const parent = mkdtempSync(join(tmpdir(), 'caisson-test-')), folder = join(parent, 'mine');
	const ran = run(['init', folder]);
	assert.equal(ran.status, 0, ran.stderr);
	assert.match(ran.stdout, /caisson serve .*--dev/);
	assert.equal(run(['check', '-C', folder]).status, 0);
	const again = run(['init', folder]);
	assert.equal(again.status, 1);
	assert.match(again.stderr, /already/);
	assert.equal(run(['init']).status, 2);
	const server = await Server.start(folder);
	try {
		const api = new Api(server, { key: server.key('--user', 'ann', '--role', 'editor') });
		const topic = await api.make('/topics', { title: 'one' });
		const post = await api.make('/posts', { title: 'first', topic: topic.id });
		assert.equal(post.author, 'ann');
		assert.equal((await api.as().list('/posts')).json.items.length, 0);
		assert.match((await api.get('//')).text, /<h1>mine<\/h1>/);
		api.close();
	} finally {
		await server.release();
		rmSync(parent, { recursive: true });
	}
});

test('status says how the server is, and that none runs', { timeout: 60000 }, async () => {
	const [{ word, file }] = boards;
	const server = await Server.start(file);
	try {
		const api = new Api(server);
		assert.equal((await api.list(`/${word.things}`)).status, 200);
		const json = JSON.parse(server.run(['status', '--json', '-C', server.folder]).stdout);
		assert.equal(json.health, 'ready');
		assert.equal(json.pid, server.child.pid);
		assert.ok(json.address.endsWith(`:${server.port}`));
		assert.ok(json.requests >= 1 && json.connections >= 1, JSON.stringify(json));
		assert.ok(['sqlite', 'postgres'].includes(json.database));
		assert.match(json.commit, /^\d+$/);
		assert.match(server.run(['status', '-C', server.folder]).stdout, /^health +ready$/m);
		api.close();
		await server.stop();
		const none = server.run(['status', '-C', server.folder]);
		assert.equal(none.status, 1);
		assert.match(none.stderr, /caisson serve/);
	} finally {
		server.drop();
	}
});

test('check --json lists the mistakes', () => {
	withText(GOOD.replace('type: text', 'type: txt'), (folder) => {
		const ran = run(['check', '--json', '-C', folder]);
		assert.equal(ran.status, 1);
		assert.deepEqual(JSON.parse(ran.stdout).mistakes.map(({ line, column }) => [line, column]), [[5, 21]]);
	});
	withText(GOOD, (folder) => assert.deepEqual(JSON.parse(run(['check', '--json', '-C', folder]).stdout), { mistakes: [] }));
});

test('completion is a script that its shell reads, and names every command', () => {
	for (const shell of ['bash', 'zsh', 'fish']) {
		const ran = run(['completion', shell]);
		assert.equal(ran.status, 0);
		for (const command of COMMANDS)
			assert.ok(ran.stdout.includes(command), `${shell}: ${command}`);
		const read = spawnSync(shell, ['-n'], { input: ran.stdout, encoding: 'utf8' });
		if (read.error === undefined)
			assert.equal(read.status, 0, read.stderr);
	}
	const words = spawnSync('bash', ['-c', `${run(['completion', 'bash']).stdout}\nCOMP_WORDS=(caisson -C x serve --li); COMP_CWORD=4; _caisson; echo "\${COMPREPLY[@]}"`], { encoding: 'utf8' });
	assert.equal(words.stdout.trim(), '--listen --limit', words.stderr);
});

test('the manual names every command and option', () => {
	const text = run(['man']).stdout;
	for (const command of COMMANDS)
		assert.ok(text.includes(`.SS "caisson ${command}"`), command);
	assert.ok(text.includes('\\-\\-listen'));
	assert.match(text, /\n\.nf\n( {2}(safe|rewrite|lock|check|loss) .*\n){5}\n?\.fi\n/, 'a list stays one');
});

/* Examples of serve run until they are stopped; those that make keys need a folder of their own. */
test('the examples of the helps run', () => {
	const parent = mkdtempSync(join(tmpdir(), 'caisson-test-'));
	mkdirSync(join(parent, 'examples'));
	cpSync(join(root, 'examples/handbook'), join(parent, 'examples/handbook'), { recursive: true });
	writeFileSync(join(parent, 'caisson.yaml'), GOOD);
	for (const command of COMMANDS) {
		const examples = run([command, '--help']).stdout.split('Examples:\n')[1]?.trim().split('\n').map((line) => line.trim()) ?? [];
		assert.ok(examples.length > 0, command);
		if (['serve', 'status', 'man'].includes(command))
			continue;
		const told = examples.filter((line) => /(^|\| |\()caisson /.test(line) && !/postgres:|[0-9a-f]{12}$|~\//.test(line));
		for (const example of command === 'can' ? told : told.slice(0, 1))
			runs(example);
	}
	rmSync(parent, { recursive: true });

	function runs(example) {
		const ran = spawnSync('bash', ['-ec', `caisson() { '${binary}' "$@"; }\n${example}`], { cwd: parent, encoding: 'utf8', env: { ...process.env, CAISSON_DATABASE: '' } });
		assert.equal(ran.status, 0, `${example}: ${ran.stderr}${ran.stdout}`);
	}
});

test('can reads no standard input that it was not told to read', { timeout: 60000 }, async () => {
	const server = new Server(makeFolder(boards[0].file));
	const child = spawn(binary, ['can', 'guest', 'create', boards[0].word.things, '-C', server.folder], { env: server.env, stdio: ['pipe', 'pipe', 'inherit'] });
	try {
		const status = await new Promise((done) => child.on('close', done));
		assert.equal(status, 2, 'there is no database yet');
		const told = server.run(['can', 'guest', 'create', boards[0].word.things, '--body', '-', '-C', server.folder], { input: '{' });
		assert.equal(told.status, 2);
		assert.match(told.stderr, /not valid JSON/);
	} finally {
		child.kill('SIGKILL');
		server.drop();
	}
});

test('can says yes, no, or that it cannot be asked', { timeout: 60000 }, async () => {
	const server = await Server.start({ app: 'asked', collections: { open: { access: { create: true }, fields: {} }, closed: { fields: {} } } });
	const can = (...words) => server.run(['can', ...words, '-C', server.folder]);
	for (const [words, status] of [[['guest', 'create', 'open'], 0], [['guest', 'create', 'closed'], 1], [['guest', 'make', 'open'], 2], [['guest', 'create', 'opn'], 2], [['guest', 'read', 'open/nope'], 2], [['guest'], 2]]) {
		const ran = can(...words);
		assert.equal(ran.status, status, `${words}: ${ran.stdout}${ran.stderr}`);
		assert.equal(ran.stdout, ['yes\n', 'no\n', ''][status]);
	}
	await server.release();
});

test('a database that is none is refused before anything is made', () => {
	withText(GOOD, (folder) => {
		for (const database of ['sqlite://data/x.db', 'sqlite:data/x.db?mode=ro', 'sqlite:', 'sqlite:caisson.yaml', 'sqlite::memory:', 'sqlite:public/x.db', 'sqlite:../x.db', 'sqlite:data/../../x.db', 'sqlite:data/', 'mysql://x']) {
			for (const ran of [run(['serve', folder, '--database', database]), run(['serve', folder], { env: { CAISSON_DATABASE: database } })]) {
				assert.equal(ran.status, 2, `${database}: ${ran.stderr}`);
				assert.match(ran.stderr, /sqlite:FOLDER\/FILE or postgres:/);
			}
			writeFileSync(join(folder, 'caisson.yaml'), GOOD.replace(/^app: .*$/m, `$&\ndatabase: "${database}"`));
			const ran = run(['check', '-C', folder]);
			assert.equal(ran.status, 1, ran.stdout);
			assert.match(ran.stderr, /sqlite:FOLDER\/FILE or postgres:/);
			assert.ok(!existsSync(join(folder, 'data')));
			writeFileSync(join(folder, 'caisson.yaml'), GOOD);
		}
	});
});

test('an address that is none is exit 2 or 1, with its text', () => {
	withText(GOOD, (folder) => {
		for (const address of ['nowhere', '127.0.0.1:99999', '127.0.0.1:x', ':', '300.0.0.1:80', '']) {
			const ran = run(['serve', folder, '--listen', address]);
			assert.ok([1, 2].includes(ran.status), `${address}: ${ran.status}`);
			assert.ok(ran.stderr.includes(address) && ran.stderr !== '', ran.stderr);
		}
	});
});

test('version and limits', () => {
	assert.match(run(['version']).stdout, /^caisson \d+\.\d+\.\d+/);
	assert.match(run(['--version']).stdout, /^caisson \d+\.\d+\.\d+/);
	const limits = run(['limits']);
	assert.equal(limits.status, 0);
	for (const name of ['body_size', '1048576', 'head_timeout', 'list_limit'])
		assert.ok(limits.stdout.includes(name), name);
	const json = run(['limits', '--json']);
	assert.equal(json.status, 0, json.stderr);
	assert.ok(JSON.stringify(JSON.parse(json.stdout)).includes('"body_size"'));
});

test('a good app file is checked in silence or with a word, exit 0', () => {
	withText(GOOD, (folder) => {
		for (const args of [['check', '-C', folder], ['-C', folder, 'check']])
			assert.equal(run(args).status, 0, run(args).stderr);
		assert.equal(run(['check'], { cwd: folder }).status, 0);
	});
	for (const app of testApps())
		assert.equal(run(['check', '-C', app.folder]).status, 0, run(['check', '-C', app.folder]).stderr);
});

test('all mistakes of an app file are listed, with line and column, exit 1', () => {
	const ran = checks(`app: bad
colections: {}
collections:
  things:
    fields:
      name: { type: txt }
      kind: { type: enum }
      to:   { type: ref, to: nowhere }
      Bad:  { type: text }
      id:   { type: text }
      low:  { type: int, min: 5, max: 1 }
      size: { type: int, default: "x" }
      pick: { type: enum, values: [a, b], default: c }
      odd:  { type: text, requird: true }
      re:   { type: text, pattern: "[" }
    access: { read: nme == 1, create: "name ==", raed: true }
    indexes: [[nowhere]]
`);
	assert.equal(ran.status, 1);
	const lines = new Set(ran.mistakes.map((mistake) => Number(mistake.at.split(':')[0])));
	assert.deepEqual([2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17].filter((line) => !lines.has(line)), [], `lines without a mistake: ${ran.stderr}`);
	assert.equal(ran.mistakes.filter((mistake) => mistake.at.startsWith('16:')).length >= 3, true, ran.stderr);
});

test('a mistake points at its word, counted from 1, and names the nearest known one', () => {
	for (const [line, column, text, near] of [
		[7, 5, GOOD + '    acess: {}\n', 'access'],
		[5, 21, GOOD.replace('type: text', 'type: txt'), 'text'],
		[5, 27, GOOD.replace('required', 'requird'), 'required'],
		[6, 21, GOOD.replace('read: true', 'read: nmae == "x"'), 'name'],
		[8, 9, GOOD.replace('{ read: true, create: auth.id != null }', '\n      read: >-\n        nmae == "x"'), 'name'],
		[9, 12, GOOD.replace('{ read: true, create: auth.id != null }', '\n      read: >-\n        name == "x"\n        || nmae == "y"'), 'name'],
		[10, 12, GOOD.replace('{ read: true, create: auth.id != null }', '\n      read: |\n        name == "x" &&\n        (name == "z"\n        || nmae == "y")'), 'name'],
		[8, 9, GOOD.replace('{ read: true, create: auth.id != null }', '\n      read: "name == \'x\' ||\n        nmae == \'y\'"'), 'name'],
		[8, 9, GOOD.replace('{ read: true, create: auth.id != null }', '\n      read: name == "x" ||\n        nmae == "y"'), 'name'],
		[6, 39, GOOD.replace('read: true', 'read: "name == \\"x\\" || nmae == \\"y\\""'), 'name'],
		[6, 39, GOOD.replace('read: true', "read: 'name == ''x'' || nmae == ''y'''"), 'name'],
		[7, 37, GOOD.replace('{ read: true, create: auth.id != null }', "{ read: true }\n    fields_access: { name: { read: 'nmae == ''y''' } }"), 'name'],
	]) {
		const ran = checks(text);
		assert.equal(ran.status, 1);
		assert.deepEqual(ran.mistakes.map((mistake) => mistake.at), [`${line}:${column}`], ran.stderr);
		assert.ok(ran.mistakes[0].message.includes(near), ran.stderr);
	}
});

test('files that are no app file are refused, never believed', () => {
	for (const text of ['', '\0', '- a\n', 'app: [', 'app: x\n', 'app: x\napp: y\ncollections: {}\n', GOOD + '\tx: 1\n', `${GOOD}other: &a [*a]\n`, 'a'.repeat(1000000), '['.repeat(10000), '\ufffe', GOOD.replace('things', 'batch'), GOOD.replace('things', 'changes'), GOOD.replace('name:', 'new:'), GOOD.replace('name:', 'Name:'), GOOD.replace('name:', `${'n'.repeat(64)}:`)]) {
		const ran = checks(text);
		assert.equal(ran.status, 1, JSON.stringify(text.slice(0, 80)));
		assert.match(ran.stderr, /caisson\.yaml:\d+:\d+: error: /);
	}
	const none = mkdtempSync(join(tmpdir(), 'caisson-test-'));
	const ran = run(['check', '-C', none]);
	assert.equal(ran.status, 1);
	assert.match(ran.stderr, /caisson\.yaml/);
	assert.equal(run(['check', '-C', join(none, 'nowhere')]).status, 1);
	rmSync(none, { recursive: true });
});

test('serve refuses a bad app file as check does', () => {
	withText(GOOD.replace('type: text', 'type: txt'), (folder) => {
		const ran = run(['serve', folder, '--listen', '127.0.0.1:0']);
		assert.equal(ran.status, 1);
		assert.match(ran.stderr, /caisson\.yaml:5:21: error: /);
		assert.equal(ran.stdout, '');
	});
});

test('keys work before, while and after a server runs', { timeout: 60000 }, async () => {
	const [{ word, file }] = boards;
	const database = freshDatabase(), folder = makeFolder(file);
	const server = new Server(folder, { database });
	const before = server.key('--role', 'editor');
	assert.match(before, /^\S{20,}$/, 'the key alone');
	try {
		await server.start();
		const api = new Api(server);
		assert.equal((await api.as(before).get(`/${word.things}`)).status, 200);
		const during = server.key('--role', 'admin', '--role', 'editor');
		assert.equal((await api.post(`/${word.groups}`, { name: 'hidden', hidden: true })).status, 201);
		assert.equal((await api.as(during).list(`/${word.groups}`)).json.items.length, 1, 'roles of a key');
		assert.equal((await api.list(`/${word.groups}`)).json.items.length, 0);
		assert.notEqual(before, during);
		api.close();
		await server.stop();
		const after = server.key('--user', '01a19467-e800-7000-8000-000000000001');
		const listed = server.run(['key', 'list', '-C', folder]);
		assert.equal(listed.status, 0, listed.stderr);
		for (const key of [before, during, after])
			assert.ok(!listed.stdout.includes(key), 'no list shows a key');
		const rows = JSON.parse(server.run(['key', 'list', '-C', folder, '--json']).stdout);
		const all = Array.isArray(rows) ? rows : rows.keys;
		assert.equal(all.length, 3);
		assert.deepEqual(all.flatMap((row) => row.roles).sort(), ['admin', 'editor', 'editor']);
		const revoke = ['key', 'revoke', '-C', folder, String(all.find((row) => row.roles.includes('admin')).id)];
		assert.equal(server.run(revoke).status, 0);
		for (const nothing of [revoke, [...revoke.slice(0, -1), 'zzz']]) {
			const ran = server.run(nothing);
			assert.equal(ran.status, 1);
			assert.match(ran.stderr, /no key with this id can be revoked/);
		}
		await server.start();
		const again = new Api(server);
		refused(await again.as(during).get(`/${word.things}`), 401);
		assert.equal((await again.as(before).get(`/${word.things}`)).status, 200);
		assert.equal((await again.as(after).get(`/${word.things}`)).status, 200);
		again.close();
		await server.release();
	} finally {
		server.drop();
	}
});

test('key add says what is wrong', () => {
	const server = new Server(makeFolder(boards[0].file));
	for (const args of [['--user', ''], ['--role', '']])
		assert.ok([1, 2].includes(server.run(['key', 'add', '-C', server.folder, ...args]).status), args.join(' '));
	server.drop();
});

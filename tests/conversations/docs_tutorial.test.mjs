// docs/TUTORIAL.md as a reader follows it, from its first line to its last, in a
// fresh folder: files are saved, the server is started and stopped, commands
// run in one shell's variables, and answers are those shown.  What is marked
// "on postgres" runs where there is a cluster; the rest is SQLite everywhere.
//
//	<!-- begin -->		a ```sh block that runs beside the folder, which it makes
//	<!-- file PATH -->	is saved
//	<!-- server -->		the server is started, or started again
//	<!-- stopped -->	a ```sh block that runs after the server has ended
//	<!-- tutorial -->	a ```sh block; a ```text block behind it is what it prints

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { freshDatabase, isPostgres } from '../lib/database.mjs';
import { assertShown, readPage } from '../lib/docs.mjs';
import { binary, makeFolder, Server } from '../lib/server.mjs';

const PAGE = 'docs/TUTORIAL.md';
const RUN_MS = 60000;
const KEPT = 'API|JSON|MANAGER|ANN|ORDER';

const tools = makeFolder({}), folder = join(tools, 'shop'), postgres = freshDatabase();
symlinkSync(binary, join(tools, 'caisson'));
const server = new Server(folder, { database: { env: {}, drop() {} } });

test.after(async () => {
	await server.release();
	postgres.drop();
});

/* What ${block} prints, with the variables of those before it. */
async function runBlock(block, cwd = folder) {
	const text = block.replaceAll('127.0.0.1:8080', `127.0.0.1:${server.port}`).replaceAll('postgres://localhost/shop', postgres.url);
	const script = `. ${tools}/kept 2>/dev/null\nAPI=http://127.0.0.1:${server.port}/v1\n${text}\ndeclare -p | grep -E '^declare -- (${KEPT})=' > ${tools}/kept\n`;
	const child = spawn('bash', ['-c', script], {
		cwd, env: { ...server.env, PATH: `${tools}:${process.env.PATH}` }, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS,
	});
	let output = '', complaints = '';
	child.stdout.on('data', (piece) => (output += piece));
	child.stderr.on('data', (piece) => (complaints += piece));
	await new Promise((done) => child.on('close', done));
	return complaints === '' ? output : `${output}\n${complaints}`;
}

async function stop() {
	if (server.child && server.isRunning())
		assert.equal((await server.stop()).code, 0, server.stderr);
}

const STEPS = {
	async begin(part) {
		assertShown(await runBlock(part.text, tools), part.expected);
	},
	file(part) {
		writeFileSync(join(folder, part.mark.split(' ')[1]), part.text);
	},
	async server() {
		await stop();
		await server.start();
	},
	async stopped(part) {
		await stop();
		await STEPS.tutorial(part);
	},
	async tutorial(part) {
		assertShown(await runBlock(part.text), part.expected ?? '');
	},
};

test('the tutorial, from its first line to its last', { timeout: 4 * RUN_MS }, async (t) => {
	for (const part of readPage(PAGE)) {
		if (part.mark.endsWith(' on postgres') && !isPostgres)
			continue;
		let went = false;
		await t.test(`line ${part.line}: ${part.mark}`, async () => {
			await STEPS[part.mark.split(' ')[0]](part);
			went = true;
		});
		if (!went)
			return; /* what comes behind it would fail too */
	}
});

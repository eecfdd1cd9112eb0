// docs/TUTORIAL.md, and what other pages tell step by step, as a reader follows
// it, from its first line to its last, in a fresh folder: files are saved, the
// server is started and stopped, commands run in one shell's variables, and
// answers are those shown.  What is marked "on postgres" runs where there is a
// cluster; the rest is SQLite everywhere.
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

/* Each page, and the folder that it makes. */
const PAGES = { 'docs/TUTORIAL.md': 'shop', 'docs/reference/migrations.md': 'club' };
const RUN_MS = 60000;
const KEPT = 'API|JSON|MANAGER|ANN|ORDER';

const postgres = freshDatabase();
test.after(() => postgres.drop());

class Reader {
	constructor(folder) {
		this.tools = makeFolder({});
		this.folder = join(this.tools, folder);
		symlinkSync(binary, join(this.tools, 'caisson'));
		this.house = new Server(this.folder, { database: { env: {}, drop() {} } });
	}

	/* What ${block} prints, with the variables of those before it. */
	async #run(block, cwd = this.folder) {
		const address = `127.0.0.1:${this.house.port}`, kept = join(this.tools, 'kept');
		const text = block.replaceAll('127.0.0.1:8080', address).replaceAll('postgres://localhost/shop', postgres.url);
		const script = `. ${kept} 2>/dev/null\nAPI=http://${address}/v1\n${text}\ndeclare -p | grep -E '^declare -- (${KEPT})=' > ${kept}\n`;
		const child = spawn('bash', ['-c', script], {
			cwd, env: { ...this.house.env, PATH: `${this.tools}:${process.env.PATH}` }, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS,
		});
		let output = '', complaints = '';
		child.stdout.on('data', (piece) => (output += piece));
		child.stderr.on('data', (piece) => (complaints += piece));
		await new Promise((done) => child.on('close', done));
		return complaints === '' ? output : `${output}\n${complaints}`;
	}

	async #stop() {
		if (this.house.child && this.house.isRunning())
			assert.equal((await this.house.stop()).code, 0, this.house.stderr);
	}

	async begin(part) {
		assertShown(await this.#run(part.text, this.tools), part.expected ?? '');
	}

	file(part) {
		writeFileSync(join(this.folder, part.mark.split(' ')[1]), part.text);
	}

	async server() {
		await this.#stop();
		await this.house.start();
	}

	async stopped(part) {
		await this.#stop();
		await this.tutorial(part);
	}

	async tutorial(part) {
		assertShown(await this.#run(part.text), part.expected ?? '');
	}
}

const isStep = ({ mark }) => /^(begin|file|server|stopped|tutorial)( |$)/.test(mark);

for (const [page, folder] of Object.entries(PAGES))
	test(`${page}, from its first line to its last`, { timeout: 4 * RUN_MS }, async (t) => {
		const reader = new Reader(folder);
		t.after(() => reader.house.release());
		for (const part of readPage(page).filter(isStep)) {
			if (part.mark.endsWith(' on postgres') && !isPostgres)
				continue;
			let went = false;
			await t.test(`line ${part.line}: ${part.mark}`, async () => {
				await reader[part.mark.split(' ')[0]](part);
				went = true;
			});
			if (!went)
				return; /* what comes behind it would fail too */
		}
	});

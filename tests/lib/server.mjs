// One server under test: a temporary copy of an app folder, a database of its
// own, and the process.  A server may be stopped, killed and started again on
// the same data; release() ends it and says what went wrong on the way.

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freshDatabase } from './database.mjs';
import { writeYaml } from './yaml.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const binary = resolve(root, process.env.CAISSON ?? 'build/asan/caisson');

const START_MS = 15000;
const running = new Set();
const folders = new Set();
process.on('exit', () => {
	running.forEach((child) => child.kill('SIGKILL'));
	if (!process.env.CAISSON_TEST_KEEP)
		folders.forEach((folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
});

/*
 * Makes an app folder from what `app` is: the path of a folder, or an object
 * {app, collections…} that is written as the app file (JSON is YAML), with
 * `files` as further {path: text}.
 */
export function makeFolder(app, files = {}, parent = tmpdir()) {
	const folder = mkdtempSync(join(parent, 'caisson-test-'));
	folders.add(folder);
	if (typeof app === 'string') {
		cpSync(app, folder, { recursive: true });
		rmSync(join(folder, 'data'), { recursive: true, force: true });
	} else {
		writeAppFile(folder, app);
	}
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), text);
	}
	return folder;
}

export function writeAppFile(folder, app) {
	writeFileSync(join(folder, 'caisson.yaml'), writeYaml(app));
}

/* Runs the program to its end; never waits for longer than ten seconds. */
export function run(args, { env = {}, cwd, input } = {}) {
	const ran = spawnSync(binary, args, {
		encoding: 'utf8', timeout: 10000, cwd, input,
		env: cleanEnv(env),
	});
	if (ran.error)
		throw new Error(`${binary} ${args.join(' ')}: ${ran.error.message}`);
	return ran;
}

export class Server {
	constructor(folder, { args = [], env = {}, database = freshDatabase() } = {}) {
		Object.assign(this, { folder, args, database });
		this.env = cleanEnv({ ...database.env, ...env });
		this.stderr = '';
	}

	static async start(app, options = {}) {
		const server = new Server(makeFolder(app, options.files, options.parent), options);
		try {
			await server.start();
		} catch (error) {
			server.drop();
			throw error;
		}
		return server;
	}

	/* Resolves when the server has said that it listens. */
	start() {
		this.stdout = '';
		this.described = undefined; /* the app file may be another (lib/described.mjs) */
		this.child = spawn(binary, ['serve', this.folder, '--listen', '127.0.0.1:0', ...this.args],
			{ env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
		const { child } = this;
		running.add(child);
		this.exited = new Promise((done) => {
			child.on('error', (error) => done({ error }));
			child.on('close', (code, signal) => done({ code, signal }));
		}).then((end) => {
			running.delete(child);
			return end;
		});
		child.stderr.on('data', (piece) => this.stderr += piece);
		return new Promise((started, failed) => {
			const late = setTimeout(() => {
				child.kill('SIGKILL');
				failed(new Error(`not listening after ${START_MS} ms: ${this.stdout}${this.stderr}`));
			}, START_MS);
			child.stdout.on('data', (piece) => {
				this.stdout += piece;
				const match = /^listening on (http:\/\/(\[?[^\]\s]+\]?):(\d+))\s*$/m.exec(this.stdout);
				if (!match || !this.stdout.includes('\n'))
					return;
				clearTimeout(late);
				[, this.url, this.host] = match;
				this.port = Number(match[3]);
				started(this);
			});
			this.exited.then((end) => {
				clearTimeout(late);
				failed(new Error(`ended at start (${JSON.stringify(end)}): ${this.stderr}`));
			});
		});
	}

	signal(name) {
		this.child.kill(name);
		return this.exited;
	}

	/* SIGTERM, and how it ended; a server that does not end is killed and said to have hung. */
	async stop(timeout_ms = 15000) {
		const late = setTimeout(() => this.child.kill('SIGKILL'), timeout_ms);
		const end = await this.signal('SIGTERM');
		clearTimeout(late);
		return end;
	}

	kill() {
		return this.signal('SIGKILL');
	}

	isRunning() {
		return this.child.exitCode === null && this.child.signalCode === null;
	}

	/* Runs another command on the same folder and database. */
	run(args, options = {}) {
		return run(args, { ...options, env: { ...this.database.env, ...options.env } });
	}

	/* The text of a new key: key('--user', id, '--role', 'editor'). */
	key(...args) {
		const ran = this.run(['key', 'add', '-C', this.folder, ...args]);
		if (ran.status !== 0)
			throw new Error(`key add: ${ran.status} ${ran.stderr}`);
		return ran.stdout.trim();
	}

	/* Ends the server in the polite way and throws when anything on the way was not as it must be. */
	async release() {
		const end = this.isRunning() ? await this.stop() : await this.exited;
		this.drop();
		if (/AddressSanitizer|LeakSanitizer|runtime error:|assert/i.test(this.stderr))
			throw new Error(`the server said: ${this.stderr.slice(0, 6000)}`);
		if (end.code !== 0)
			throw new Error(`the server ended with ${JSON.stringify(end)}: ${this.stderr.slice(-3000)}`);
	}

	drop() {
		if (this.child && this.isRunning())
			this.child.kill('SIGKILL');
		this.database.drop();
		if (!process.env.CAISSON_TEST_KEEP)
			rmSync(this.folder, { recursive: true, force: true });
	}
}

function cleanEnv(extra) {
	const env = { ...process.env };
	delete env.CAISSON_DATABASE;
	delete env.NODE_TEST_CONTEXT;
	return { ...env, ...extra };
}

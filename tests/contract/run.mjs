// Schemathesis against /openapi.json of each app, with all of its checks on.
//	tests/contract/run.mjs [--cases 20000] [--seed N]
// It is installed into build/schemathesis (a venv) when it is not there.

import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions } from '../crash/options.mjs';
import { makeFolder, root, Server } from '../lib/server.mjs';

const options = readOptions({ cases: 2000, seed: 1 });
const venv = join(root, 'build/schemathesis'), here = join(root, 'tests/contract');
const APPS = ['examples/handbook', 'tests/apps/ledger'];
const ROLES = ['editor', 'clerk', 'accountant', 'manager', 'staff', 'admin'];

function install() {
	if (existsSync(join(venv, 'bin/schemathesis')))
		return;
	for (const [program, ...args] of [['python3', '-m', 'venv', venv], [join(venv, 'bin/pip'), 'install', '-q', '-r', join(here, 'requirements.txt')]]) {
		const ran = spawnSync(program, args, { stdio: 'inherit' });
		if (ran.status !== 0)
			throw new Error(`${program} ${args.join(' ')} failed`);
	}
}

/* One run; {cases, failed, output}.  A description has so many operations that cases are shared among them. */
async function hold(app, examples) {
	const server = await Server.start(join(root, app));
	const key = server.key('--user', '01a19467-e800-7000-8000-000000000999', ...ROLES.flatMap((role) => ['--role', role]));
	const folder = makeFolder({ app: 'none', collections: {} });
	for (const name of ['schemathesis.toml', 'hooks.py'])
		copyFileSync(join(here, name), join(folder, name));
	const output = await run(join(venv, 'bin/schemathesis'), ['run', `${server.url}/openapi.json`, '-H', `Authorization: Bearer ${key}`,
		'-n', String(examples), '--checks', 'all', '-w', '2', '--seed', String(options.seed), '--no-shrink'], folder);
	await server.release();
	return { cases: Number(/^\s*(\d+) generated/m.exec(output)?.[1] ?? 0), failed: !/^\s*(\d+) generated, \1 passed/m.test(output), output };
}

function run(program, args, cwd) {
	return new Promise((done) => {
		const child = spawn(program, args, { cwd, env: { ...process.env, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: cwd, COLUMNS: '200' }, stdio: ['ignore', 'pipe', 'pipe'] });
		let output = '';
		child.stdout.on('data', (piece) => (output += piece));
		child.stderr.on('data', (piece) => (output += piece));
		child.on('close', () => done(output));
	});
}

install();
let cases = 0, failed = false;
for (let examples = 20; cases < options.cases && !failed; examples = Math.ceil((examples * (options.cases - cases)) / Math.max(1, cases) * 1.1) + 1)
	for (const app of APPS) {
		const held = await hold(app, examples);
		console.log(`${app}: ${held.cases} cases, ${held.failed ? 'failures' : 'no failure'}`);
		cases += held.cases;
		if (held.failed) {
			console.log(held.output);
			failed = true;
		}
	}
console.log(`${cases} cases, ${failed ? 'with failures' : '0 failures'}`);
process.exit(failed || cases < options.cases ? 1 : 0);

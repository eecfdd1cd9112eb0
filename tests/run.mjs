// All tests: the unit programs, the conversations on SQLite, the same on a
// PostgreSQL cluster of their own, and short crash runs.  The last line is
// "N passed, N failed, N skipped"; what is missing has failed.
//	tests/run [--only units,sqlite,postgres,contract,crash] [--files PATTERN] [--kills 10] [--cuts 5] [--writes 50×KILLS] [--cases 1500]

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readOptions } from './crash/options.mjs';
import { binary, root } from './lib/server.mjs';

const options = readOptions({ only: 'units,sqlite,postgres,contract,crash', files: '.', kills: 10, cuts: 5, writes: 0, cases: 1500, jobs: 2 });
options.writes ||= 50 * options.kills;
const FILE_MS = 600000;
const parts = options.only.split(',');
const total = { passed: 0, failed: 0, skipped: 0 };

if (!existsSync(binary)) {
	count('the program', { failed: 1 }, `there is no ${binary}`);
	finish();
}
if (parts.includes('units'))
	await units();
if (parts.includes('sqlite'))
	await conversations('sqlite', {});
if (parts.includes('contract'))
	await program('the description, by Schemathesis', ['../contract/run.mjs', '--cases', options.cases], {});
if (parts.includes('crash'))
	await crashes('sqlite', {});
if (parts.includes('postgres') || parts.includes('crash'))
	await onCluster(async (env) => {
		if (parts.includes('postgres'))
			await conversations('postgres', env);
		if (parts.includes('crash'))
			await crashes('postgres', env);
	});
finish();

async function units() {
	const ran = await run('meson', ['test', '-C', dirname(binary), '--no-rebuild', '--print-errorlogs']);
	const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(ran.output)?.[1] ?? 0);
	const counts = { passed: number('Ok'), failed: number('Fail') + number('Timeout') + number('Unexpected Pass'), skipped: number('Skipped') };
	if (ran.status !== 0 && counts.failed === 0)
		counts.failed = 1;
	count('units', counts, counts.failed > 0 ? ran.output : '');
}

/* What both engines must do, and then what this one alone can. */
async function conversations(engine, env) {
	const sum = await tell(engine, env, 'tests/conversations');
	console.log(`-- on ${engine}: ${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
	if (existsSync(join(root, 'tests/conversations', engine)))
		await tell(engine, env, join('tests/conversations', engine));
}

/* The files of a folder, a few at a time; a file that fails without a failed test counts as one. */
async function tell(engine, env, where) {
	const folder = join(root, where), sum = { passed: 0, failed: 0, skipped: 0 };
	const files = readdirSync(folder).filter((name) => name.endsWith('.test.mjs') && new RegExp(options.files).test(name)).sort();
	await Promise.all(Array.from({ length: options.jobs }, async () => {
		for (let file; (file = files.shift()) !== undefined;) {
			const ran = await run(process.execPath, ['--test-reporter=tap', join(folder, file)], { CAISSON_DATABASE: 'sqlite', ...env }, FILE_MS);
			const number = (name) => Number(new RegExp(`^# ${name} (\\d+)`, 'm').exec(ran.output)?.[1] ?? 0);
			const counts = { passed: number('pass'), failed: number('fail') + number('cancelled'), skipped: number('skipped') + number('todo') };
			if (ran.status !== 0 && counts.failed === 0)
				counts.failed = 1;
			Object.keys(sum).forEach((name) => (sum[name] += counts[name]));
			count(`${engine} ${file.replace('.test.mjs', '')}`, counts, failures(ran, counts));
		}
	}));
	return sum;
}

/* The failed blocks of TAP, and everything where there is none. */
function failures(ran, counts) {
	if (counts.failed === 0)
		return '';
	const blocks = ran.output.split(/^(?= *(?:# Subtest: |(?:not )?ok ))/m).filter((block) => /^ *not ok /.test(block));
	return (blocks.length > 0 ? blocks.join('') : ran.output).slice(0, 20000);
}

async function onCluster(told) {
	const program = join(root, 'tests/cluster'), folder = mkdtempSync(join(tmpdir(), 'caisson-cluster-'));
	if (!existsSync(program))
		return count('the cluster', { failed: 1 }, `there is no ${program}`);
	const started = spawnSync(program, ['start', folder], { encoding: 'utf8' });
	const url = started.stdout?.trim().split('\n').at(-1);
	if (started.status !== 0 || !/^postgres/.test(url))
		return count('the cluster', { failed: 1 }, `${started.stdout}${started.stderr}`);
	try {
		await told({ CAISSON_DATABASE: url, CAISSON_CLUSTER: folder });
	} finally {
		spawnSync(program, ['stop', folder]);
		rmSync(folder, { recursive: true, force: true });
	}
}

async function crashes(engine, env) {
	await program(`${engine} kill -9`, ['kill.mjs', '--cycles', options.kills], env);
	await program(`${engine} live model`, ['../live/model.mjs', '--writes', options.writes], env);
	if (engine !== 'sqlite')
		return program('the cluster crashes under a counter', ['count.mjs', '--crashes', Math.max(20, options.kills / 4)], env);
	const lacking = whatPowerLacks();
	if (lacking)
		return count('power cuts, their control, a full disk', { skipped: 3 }, lacking);
	await program('power cuts', ['power.mjs', '--cycles', options.cuts], env);
	await program('power cuts, control', ['power.mjs', '--control', '--cycles', options.cuts], env);
	await program('a full disk', ['full.mjs'], env);
}

async function program(name, [file, ...args], env) {
	const ran = await run(process.execPath, [join(root, 'tests/crash', file), ...args.map(String)], { CAISSON_DATABASE: 'sqlite', ...env });
	count(name, ran.status === 0 ? { passed: 1 } : { failed: 1 }, ran.output);
}

/* What this machine lacks for power cuts; nothing, or a sentence. */
function whatPowerLacks() {
	if (process.getuid() !== 0)
		return 'these need root, for a loop device';
	const found = spawnSync('losetup', ['-f'], { encoding: 'utf8' });
	return found.status === 0 ? null : `these need a loop device: ${found.error ?? found.stderr}`;
}

/* Runs a program to its end, or for time_ms. */
function run(program, args, env = {}, time_ms = 2 ** 31 - 1) {
	const merged = { ...process.env, ...env };
	return new Promise((done) => {
		const child = spawn(program, args, { cwd: root, env: merged, stdio: ['ignore', 'pipe', 'pipe'] });
		let output = '';
		child.stdout.on('data', (piece) => (output += piece));
		child.stderr.on('data', (piece) => (output += piece));
		const late = setTimeout(() => {
			output += `not ended after ${time_ms} ms\n`;
			child.kill('SIGKILL');
		}, time_ms);
		late.unref();
		child.on('error', (error) => done({ status: 1, output: String(error) }));
		child.on('close', (status) => done({ status, output }));
	});
}

function count(name, { passed = 0, failed = 0, skipped = 0 }, text = '') {
	total.passed += passed;
	total.failed += failed;
	total.skipped += skipped;
	console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
	if (text !== '')
		console.log(text.trimEnd().replace(/^/gm, '    '));
}

function finish() {
	console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
	process.exit(total.failed > 0 ? 1 : 0);
}

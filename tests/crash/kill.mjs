// kill -9 at random moments under load, on either engine.
//	node tests/crash/kill.mjs [--cycles 200] [--seed 1] [--workers 32]
// On PostgreSQL the cluster is crashed too, in every fourth cycle, where
// CAISSON_CLUSTER names its folder; in every eighth the server is spared, and
// must find the cluster again by itself.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from '../lib/api.mjs';
import { crashCluster } from '../lib/cluster.mjs';
import { engine, isPostgres } from '../lib/database.mjs';
import { root, Server } from '../lib/server.mjs';
import { sleep } from '../lib/wire.mjs';
import { Ledger } from './ledger.mjs';
import { readOptions } from './options.mjs';

const options = readOptions({ cycles: 200, seed: Date.now() % 1000000, workers: 32, verbose: false });
const ledger = new Ledger(options.seed);
let crashedClusters = 0, killedStarts = 0, bad = 0;

const server = await Server.start(join(root, 'tests/crash/ledger'));
await ledger.prepare(server);
for (let cycle = 1; cycle <= options.cycles; cycle++) {
	ledger.begin(server, options.workers);
	await sleep(30 + ledger.random() * 500);
	const withCluster = isPostgres && process.env.CAISSON_CLUSTER && cycle % 4 === 0;
	if (withCluster) {
		crashCluster();
		crashedClusters++;
		await sleep(ledger.random() * 200);
	}
	if (withCluster && cycle % 8 === 0) {
		await ledger.stop();
		await untilReady();
	} else {
		await server.kill();
		await ledger.stop();
		if (!isPostgres)
			checkCopy();
		await restart(cycle % 5 === 0);
	}
	await ledger.verify(server);
	if (cycle % 25 === 0 || cycle === options.cycles)
		await ledger.verifyAll(server);
	if (options.verbose || cycle % 50 === 0)
		console.log(`cycle ${cycle}: ${ledger.report()}`);
}
try {
	await server.release();
} catch (error) {
	bad++;
	console.log(error.message);
}

ledger.complaints.forEach((complaint) => console.log(complaint));
console.log(`kill -9 on ${engine}, seed ${options.seed}: ${options.cycles} cycles, ${killedStarts} killed again at start, ${crashedClusters} with the cluster: ${ledger.report()}`);
process.exit(ledger.isSound() && bad === 0 ? 0 : 1);

/* Starts again on the same data; now and then killed once more while it recovers. */
async function restart(killOnce) {
	if (killOnce) {
		const starting = server.start().catch(() => {});
		await sleep(ledger.random() * 60);
		await server.kill();
		await starting;
		killedStarts++;
	}
	await server.start();
}

async function untilReady() {
	const api = new Api(server);
	let status;
	for (let i = 0; i < 200 && (status = (await api.patch('/counters/1', {})).status) !== 200; i++)
		await sleep(50);
	if (status !== 200)
		ledger.complain('wrong', `the server did not find its cluster again: ${status}`);
	api.close();
}

/* The integrity of what the kill left, asked of a copy: the server itself must recover the original. */
function checkCopy() {
	const data = join(server.folder, 'data'), copy = mkdtempSync(join(tmpdir(), 'caisson-copy-'));
	const files = readdirSync(data).filter((name) => /\.db(-wal)?$/.test(name));
	files.forEach((name) => copyFileSync(join(data, name), join(copy, name)));
	for (const name of files.filter((each) => each.endsWith('.db') && existsSync(join(copy, each)))) {
		const ran = spawnSync('sqlite3', [join(copy, name), 'pragma integrity_check; pragma foreign_key_check;'], { encoding: 'utf8' });
		if (ran.stdout !== 'ok\n') {
			bad++;
			console.log(`cycle ${ledger.cycle}: ${name}: ${ran.error ?? ''}${ran.stdout.slice(0, 500)}${ran.stderr}`);
		}
	}
	rmSync(copy, { recursive: true });
}

// Power cuts: the app folder lies on an ext4 in a file, which is shut down under
// load without its log flushed.  Needs root, for the loop device and the ioctl.
//	node tests/crash/power.mjs [--cycles 200] [--seed 1] [--workers 32] [--control]
// With --control the server runs with synchronous=NORMAL, and must lose
// something: if it does not, this program measures nothing.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binary, root, Server } from '../lib/server.mjs';
import { sleep } from '../lib/wire.mjs';
import { Disk, run } from './disk.mjs';
import { Ledger } from './ledger.mjs';
import { readOptions } from './options.mjs';

const options = readOptions({ cycles: 200, seed: Date.now() % 1000000, workers: 32, control: false, verbose: false });
const cut = [join(dirname(binary), 'tests/cut'), join(root, 'build/asan/tests/cut')].find(existsSync);
const disk = new Disk('256M');

const ledger = new Ledger(options.seed);
const env = options.control ? { CAISSON_SQLITE_SYNCHRONOUS: 'NORMAL' } : {};
const server = await Server.start(join(root, 'tests/crash/ledger'), { parent: disk.mountpoint, env });
await ledger.prepare(server);
await server.stop();
run('sync', '-f', disk.mountpoint);
await server.start();
let cycles = 0, ruined = null;
while (cycles < options.cycles && ruined === null) {
	cycles++;
	ledger.begin(server, options.workers);
	await sleep(80 + ledger.random() * 300);
	ledger.freeze();
	run(cut, disk.mountpoint);
	await server.kill();
	await ledger.stop();
	disk.remount();
	try {
		await server.start();
		await ledger.verify(server);
	} catch (error) {
		ruined = error;
	}
	if (options.verbose || cycles % 50 === 0)
		console.log(`cycle ${cycles}: ${ledger.report()}`);
	if (options.control && ledger.counts.lost > 0)
		break;
}
if (ruined === null && !options.control)
	await ledger.verifyAll(server);
if (ruined)
	console.log(`cycle ${cycles}: ${ruined.stack}`);
if (!ruined && !options.control)
	await server.release().catch((error) => {
		ruined = error;
		console.log(error.message);
	});
else
	await server.kill();

if (!options.control)
	ledger.complaints.forEach((complaint) => console.log(complaint));
console.log(`power cuts${options.control ? ' with synchronous=NORMAL, the control' : ''}, seed ${options.seed}: ${cycles} cycles: ${ledger.report()}`);
if (options.control && ledger.counts.lost === 0)
	console.log('the control lost nothing: these power cuts prove nothing');
process.exit(options.control ? (ledger.counts.lost > 0 ? 0 : 1) : ledger.isSound() && ruined === null ? 0 : 1);

// A cluster of PostgreSQL that crashes while clients add to one number through a
// server that lives on: no number is told twice, and none that was told is lost.
//	node tests/crash/count.mjs [--crashes 20]
// Needs CAISSON_DATABASE and CAISSON_CLUSTER.

import { join } from 'node:path';
import { Api } from '../lib/api.mjs';
import { crashCluster } from '../lib/cluster.mjs';
import { root, Server } from '../lib/server.mjs';
import { sleep } from '../lib/wire.mjs';
import { readOptions } from './options.mjs';

const options = readOptions({ crashes: 20 });
const server = await Server.start(join(root, 'tests/crash/ledger')), reader = new Api(server);
await reader.make('/counters', { id: 1 });
const told = new Map(), counts = { acknowledged: 0, unknown: 0, twice: 0, lost: 0 };
for (let crash = 1; crash <= options.crashes; crash++) {
	let stopping = false;
	const working = Array.from({ length: 32 }, async () => {
		const api = new Api(server);
		while (!stopping)
			await add(api);
		api.close();
	});
	await sleep(50 + Math.random() * 200);
	crashCluster();
	await sleep(300);
	stopping = true;
	await Promise.all(working);
	await compare(crash);
}
reader.close();
let bad = counts.twice + counts.lost;
await server.release().catch((error) => {
	bad++;
	console.log(error.message);
});
console.log(`counting over ${options.crashes} crashes of the cluster: ${Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(', ')}`);
process.exit(bad > 0 ? 1 : 0);

async function add(api) {
	const answer = await api.patch('/counters/1', { n: { $inc: 1 } }).catch((error) => ({ status: 0, text: error.message }));
	if (answer.status === 200) {
		counts.acknowledged++;
		if (told.has(answer.json.n)) {
			counts.twice++;
			console.log(`${answer.json.n} was told twice, with ${told.get(answer.json.n)} and with ${answer.etag}`);
		}
		told.set(answer.json.n, answer.etag);
	} else {
		counts.unknown++;
		await sleep(20);
	}
}

async function compare(crash) {
	let answer;
	for (let i = 0; i < 200 && (answer = await reader.get('/counters/1')).status !== 200; i++)
		await sleep(50);
	const greatest = Math.max(...told.keys());
	if (answer.status !== 200 || answer.json.n < greatest) {
		counts.lost++;
		console.log(`after crash ${crash}: ${greatest} was told, and ${answer.text} is there`);
	}
}

// A disk that fills up: writes are refused by a definite no, reads go on, nothing
// acknowledged is lost, and with room again the same server writes again.
//	node tests/crash/full.mjs
// Needs root.  Once with the reserve that stands in the limits, and once
// without, so that the engine itself meets the full disk: it may then find out
// as late as in its COMMIT, say that the outcome is unknown, and end.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from '../lib/api.mjs';
import { uuid7 } from '../lib/ids.mjs';
import { root, Server } from '../lib/server.mjs';
import { sleep } from '../lib/wire.mjs';
import { Disk } from './disk.mjs';

const filler = 'x'.repeat(20000);

for (const reserve of [true, false]) {
	const disk = new Disk('48M'), ballast = join(disk.mountpoint, 'ballast');
	const server = await Server.start(join(root, 'tests/crash/ledger'), { parent: disk.mountpoint, args: reserve ? [] : ['--limit', 'disk_reserve=1'] });
	const api = new Api(server), kept = new Set(), unknown = new Set(), counts = { acknowledged: 0, refused: 0, unknown: 0 };
	const write = async (mark) => {
		const id = uuid7();
		const answer = await api.post('/boxes', { id, mark, a: 1, b: 1, cycle: 1 }).catch((error) => ({ status: 0, text: error.message }));
		if (answer.status === 201) {
			counts.acknowledged++;
			kept.add(id);
		} else if (!reserve && (answer.status === 0 || answer.code === 'outcome_unknown')) {
			counts.unknown++;
			unknown.add(id);
			await server.exited;
		} else {
			counts.refused++;
			assert.equal(answer.status, 507, answer.text);
		}
		return answer.status;
	};
	assert.equal(await write('first'), 201);
	spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k'], { stdio: 'ignore' });
	for (let i = 0; i < 300 && counts.refused < 20 && server.isRunning(); i++)
		await write(`${i} ${filler}`);
	assert.ok(counts.refused >= 20 || counts.unknown > 0, `a full disk refuses: ${JSON.stringify(counts)}`);
	if (server.isRunning()) {
		assert.equal((await api.get('//health/live')).status, 200);
		for (const id of kept)
			assert.equal((await api.get(`/boxes/${id}`)).status, 200, 'what was acknowledged can be read');
	}
	rmSync(ballast);
	if (!server.isRunning())
		await server.start();
	let status;
	for (let i = 0; i < 50 && (status = await write('after')) !== 201; i++)
		await sleep(100);
	assert.equal(status, 201, 'with room again it writes');
	api.close();
	await server.stop();
	await server.start();
	const there = new Set((await new Api(server).walk('/boxes', { limit: 100 })).map((row) => row.id));
	for (const id of kept)
		assert.ok(there.has(id), 'what was acknowledged is there');
	for (const id of there)
		assert.ok(kept.has(id) || unknown.has(id), 'what was refused is not');
	await server.release();
	console.log(`full disk, ${reserve ? 'foreseen' : 'met by the engine'}: ${counts.acknowledged} acknowledged, ${counts.refused} refused, ${counts.unknown} unknown, none lost`);
}
process.exit(0);

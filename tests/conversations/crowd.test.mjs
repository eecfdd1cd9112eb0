// As many connections as there may be, and one more; of all, and of one address.

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { checkAnswer } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { boards } from '../lib/two_boards.mjs';
import { sleep, Wire } from '../lib/wire.mjs';

const LIMIT = 5;

/* Connections that have been served, so that the server has counted them. */
async function crowd(port, host, count) {
	const wires = [];
	for (let i = 0; i < count; i++) {
		wires.push(await Wire.connect(port, host));
		assert.ok(await wires.at(-1).isAlive(), `connection ${i + 1}`);
	}
	return wires;
}

async function isRefused(port, host, request) {
	const wire = await Wire.connect(port, host);
	if (request)
		wire.send(request);
	const answer = checkAnswer(await wire.response(), 'GET');
	assert.equal(answer.status, 503);
	assert.equal(answer.code, 'overloaded');
	assert.equal(answer.get('retry-after'), '1');
	assert.match(answer.get('connection'), /close/);
	assert.ok(await wire.closes());
	wire.close();
}

/* The count goes down when the server has seen the end. */
async function isServedSoon(port, host) {
	for (let i = 0; i < 100; i++) {
		const wire = await Wire.connect(port, host);
		const alive = await wire.isAlive();
		wire.close();
		if (alive)
			return;
		await sleep(50);
	}
	assert.fail('a place that is free again is not given');
}

for (const { word, file } of boards) {
	const all = new House(`${word.app} crowd`, file, { args: ['--limit', `connections=${LIMIT}`] });

	all.test('one connection more than there may be is told so, and the others go on', async ({ server }) => {
		const wires = await crowd(server.port, '127.0.0.1', LIMIT);
		for (let i = 0; i < 20; i++)
			await isRefused(server.port, '127.0.0.1', i % 2 ? 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n' : '');
		for (const wire of wires)
			assert.ok(await wire.isAlive());
		wires[0].close();
		await isServedSoon(server.port, '127.0.0.1');
		wires.forEach((wire) => wire.close());
	});

	all.close();
}

const outside = Object.values(networkInterfaces()).flat().find(({ internal, family }) => !internal && family === 'IPv4')?.address;

/* This machine's own addresses are not counted, so one is needed by which others would know it. */
if (outside !== undefined) {
	const { word, file } = boards[0];
	const args = ['--listen', '0.0.0.0:0', '--limit', `connections_address=${LIMIT}`];
	const each = new House(`${word.app} crowd of one address`, file, { args });

	each.test('one address has its share, and others have theirs', async ({ server }) => {
		const wires = await crowd(server.port, outside, LIMIT);
		await isRefused(server.port, outside);
		const others = await crowd(server.port, '127.0.0.1', 2 * LIMIT);
		wires.pop().close();
		await isServedSoon(server.port, outside);
		[...wires, ...others].forEach((wire) => wire.close());
	});

	each.close();

	const dev = new House(`${word.app} crowd at work`, file, { args: ['--listen', '0.0.0.0:0', '--dev'] });

	dev.test('--dev counts no addresses', async ({ server }) => {
		const wires = await crowd(server.port, outside, 4 * LIMIT);
		wires.forEach((wire) => wire.close());
	});

	dev.close();
}

// The description of the API: valid, true to the app, and what the page shows.
// (Every answer of every conversation is held against it: tests/lib/described.mjs.)

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import Ajv from 'ajv/dist/2020.js';
import { Validator } from '@seriousme/openapi-schema-validator';
import { chromium } from 'playwright-core';
import { root, Server } from '../lib/server.mjs';

const apps = readdirSync(join(root, 'tests/apps')).map((name) => join(root, 'tests/apps', name)).concat(join(root, 'examples/handbook'));

async function described(app) {
	const server = await Server.start(app);
	const answer = await fetch(`${server.url}/openapi.json`);
	return { server, answer, document: await answer.json() };
}

for (const app of apps)
	test(`${app.slice(root.length + 1)}: valid OpenAPI 3.1, every collection in it`, async () => {
		const { server, answer, document } = await described(app);
		assert.equal(answer.status, 200);
		assert.equal(answer.headers.get('content-type'), 'application/json');
		const validity = await new Validator().validate(structuredClone(document));
		assert.deepEqual(validity.errors, undefined);
		assert.equal(document.openapi, '3.1.0');
		const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map((operation) => operation.operationId).filter(Boolean));
		assert.equal(new Set(ids).size, ids.length);
		for (const { name } of document.tags)
			for (const operation of ['list', 'create', 'read', 'put', 'change', 'delete'])
				assert.ok(ids.includes(`${operation}_${name}`), `${operation}_${name}`);
		const again = await fetch(`${server.url}/openapi.json`, { headers: { 'If-None-Match': answer.headers.get('etag') } });
		assert.equal(again.status, 304);
		await server.release();
	});

test('fields become schemas', async () => {
	const { server, document } = await described({
		app: 'shapes',
		collections: {
			owners: { fields: { name: { type: 'text', required: true, min: 1, max: 50 } }, access: { read: true } },
			things: {
				id: 'int',
				fields: {
					title: { type: 'text', required: true },
					size: { type: 'int', min: 0, max: 10, default: 3 },
					kind: { type: 'enum', values: ['a', "it's \"b\""], required: true, default: 'a' },
					owner: { type: 'ref', to: 'owners' },
					seen: { type: 'time', readonly: true },
				},
				access: { read: true },
			},
		},
	});
	const schemas = document.components.schemas;
	assert.deepEqual(schemas.things.properties.size, { type: ['integer', 'null'], format: 'int64', minimum: 0, maximum: 10 });
	assert.deepEqual(schemas.things.required, ['id', 'created', 'updated', 'title', 'size', 'kind', 'owner', 'seen']);
	assert.deepEqual(schemas['things.create'].required, ['title']);
	assert.equal(schemas['things.create'].properties.size.default, 3);
	assert.deepEqual(schemas['things.create'].properties.kind.enum, ['a', "it's \"b\""]);
	assert.equal(schemas['things.create'].properties.seen, undefined);
	assert.equal(schemas['things.create'].properties.created, undefined);
	assert.equal(schemas['things.change'].properties.id, undefined);
	assert.deepEqual(schemas['things.change'].properties.size.anyOf.slice(1).map((operator) => operator.required[0]), ['$inc', '$min', '$max']);
	assert.deepEqual(schemas['things.shown'].properties.owner.anyOf.map((way) => way.$ref ?? way.format), ['uuid', '#/components/schemas/owners.shown']);
	await server.release();
});

test('a JSON Patch that is described is read, and no other', async () => {
	const { server, document } = await described({
		app: 'patched', collections: { things: { id: 'int', fields: { title: { type: 'text' } }, access: { read: true, create: true, update: true } } },
	});
	const fits = new Ajv({ strict: false }).compile(document.components.schemas.json_patch);
	const json = { 'Content-Type': 'application/json' };
	await fetch(`${server.url}/v1/things`, { method: 'POST', headers: json, body: '{"id":1,"title":"a"}' });
	const set = { op: 'replace', path: '/title', value: 'b' }, bodies = [
		[], [set], [{ ...set, more: 1 }], [{ op: 'test', path: '', value: {} }], [{ op: 'remove', path: '/~0~1/a~1b' }], [{ op: 'add', path: '/', value: null }],
		[{ op: 'copy', from: '/title', path: '/title' }], [{ op: 'move', from: '', path: '/a' }], Array(1000).fill(set),
		{}, set, 'x', [1], [{}], [{ path: '/title', value: 1 }], [{ op: 'replace', path: '/title' }], [{ op: 'nope', path: '/title', value: 1 }], [{ op: 'add', path: 'title', value: 1 }],
		[{ op: 'add', path: '/a~', value: 1 }], [{ op: 'add', path: '/a~2', value: 1 }], [{ op: 'remove', path: 1 }], [{ op: 'remove' }], [{ op: 'move', path: '/title' }],
		[{ op: 'copy', from: 'title', path: '/title' }], Array(1001).fill(set), [set, null],
	];
	for (const body of bodies) {
		const answer = await fetch(`${server.url}/v1/things/1`, { method: 'PATCH', headers: { 'Content-Type': 'application/json-patch+json' }, body: JSON.stringify(body) });
		assert.equal(answer.status !== 400, fits(body), `${JSON.stringify(body).slice(0, 80)}: ${answer.status} ${await answer.text()}`);
	}
	await server.release();
});

test('the page at /docs shows every operation, sends one, and asks nobody else', async (t) => {
	const { server, document } = await described(join(root, 'examples/handbook'));
	const browser = await chromium.launch({ executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync), args: ['--no-sandbox', '--disable-dev-shm-usage'] });
	t.after(async () => {
		await browser.close();
		await server.release();
	});
	const page = await browser.newPage(), complaints = [];
	page.on('pageerror', (error) => complaints.push(String(error)));
	page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
	page.on('request', (request) => request.url().startsWith(server.url) || /^data:/.test(request.url()) || complaints.push(request.url()));
	await page.goto(`${server.url}/docs`);
	await page.waitForSelector('#operations[aria-busy=false]');
	const count = Object.values(document.paths).flatMap((item) => Object.keys(item)).filter((name) => name !== 'parameters').length;
	assert.equal(await page.locator('details').count(), count);
	assert.doesNotMatch(await page.content(), /placeholder="[^"]*(questions|topics)/, 'no word of another app');
	await page.fill('#find', 'list records');
	assert.ok(await page.locator('details:visible').count() >= document.tags.length);
	await page.locator('#list_topics summary').click();
	await page.locator('#list_topics input[aria-label=limit]').fill('1');
	await page.locator('#list_topics button').click();
	await page.waitForSelector('#list_topics pre');
	assert.match(await page.locator('#list_topics pre').textContent(), /^GET \/v1\/topics\?limit=1\n\n200\n[^]*"items": \[/);
	assert.deepEqual(complaints, []);
});
